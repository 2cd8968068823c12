package desk

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
)

//go:embed static templates locales
var files embed.FS

// assets are the static files under an address that changes when they do, so
// that browsers may keep them for ever.
type assets struct {
	version string
	files   map[string][]byte
}

func loadAssets() (*assets, error) {
	a := &assets{files: map[string][]byte{}}
	sum := sha256.New()
	list, err := fs.ReadDir(files, "static")
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		b, err := files.ReadFile(path.Join("static", f.Name()))
		if err != nil {
			return nil, err
		}
		a.files[f.Name()] = b
		sum.Write(b)
	}
	a.version = hex.EncodeToString(sum.Sum(nil)[:8])
	return a, nil
}

// url is the address of a static file.
func (a *assets) url(name string) string { return "/static/" + a.version + "/" + name }

func (d *desk) serveStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	b, ok := d.assets.files[name]
	if !ok || r.PathValue("version") != d.assets.version {
		d.plainError(w, r, http.StatusNotFound, "error.not_found")
		return
	}
	w.Header().Set("Content-Type", mediaType(name))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(b)
}

// mediaType does not ask the machine's tables, which differ.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}
