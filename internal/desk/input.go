package desk

import (
	"errors"
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
