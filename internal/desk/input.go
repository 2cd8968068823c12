package desk

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"

	"parley"
	"parley/internal/form"
)

// badForm is the error of a body that could not be read as a form.
func badForm(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return parley.Errorf(parley.Oversize, "the request is larger than %d bytes", big.Limit)
	}
	return parley.Errorf(parley.Malformed, "the request cannot be read as a form")
}

// sentFile finds the file in a form that is called name. It is read from the network as
// it comes: what people send touches no disk before it is sealed. The error is
// Malformed.
func sentFile(r *http.Request, name string) (*multipart.Part, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, badForm(err)
	}
	for {
		p, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, parley.Errorf(parley.Malformed, "no file was chosen")
		}
		if err != nil {
			return nil, badForm(err)
		}
		if p.FormName() == name && p.FileName() != "" {
			return p, nil
		}
	}
}

// sent reads what a file holds; that it is larger than a request may be is said as for
// any other.
type sent struct{ io.Reader }

func (s sent) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		err = badForm(err)
	}
	return n, err
}

// field is a text field as it is to be signed: line ends as newlines, no
// spaces at the end.
func field(r *http.Request, name string) string { return form.Normal(r.PostForm.Get(name)) }

// number reads a field or path value that is a whole number above 0. What is
// none names nothing that exists.
func number(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, errHidden
	}
	return n, nil
}
