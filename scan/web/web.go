// Package web is what the board and the operator's screen have in common:
// the colours, the security headers, one stream of server-sent events, and
// the showing of text that came out of a barcode.
//
// Pages are plain HTML that works without scripts. They load nothing from
// anywhere else, and hold no inline script or style, so that the content
// security policy can be the strictest there is: whatever is in a barcode
// stays text even if an escape were forgotten.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
)

//go:embed static
var static embed.FS

// Assets are the static files of a page, served by their name with a hash of
// all of them, so that a new program is never seen with an old style.
type Assets struct {
	files map[string][]byte
	build string
}

// NewAssets joins the files in the folder "static" of own with the shared ones.
func NewAssets(own fs.FS) (*Assets, error) {
	a := &Assets{files: map[string][]byte{}}
	sum := sha256.New()
	for _, from := range []fs.FS{static, own} {
		entries, err := fs.ReadDir(from, "static")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			b, err := fs.ReadFile(from, "static/"+e.Name())
			if err != nil {
				return nil, err
			}
			a.files[e.Name()] = b
			sum.Write([]byte(e.Name()))
			sum.Write(b)
		}
	}
	a.build = hex.EncodeToString(sum.Sum(nil)[:8])
	return a, nil
}

// Build names this set of files. A page that finds another name in its stream
// than in itself is of an older program and loads itself anew.
func (a *Assets) Build() string { return a.build }

var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// ServeHTTP answers GET /static/{name}.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	b, ok := a.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", types[path.Ext(name)])
	h.Set("ETag", `"`+a.build+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == `"`+a.build+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(b)
}

// Secure puts the security headers before every answer of h.
func Secure(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.ServeHTTP(w, r)
	})
}

// SameOrigin lets a changing request through to h only if the browser says
// that it comes from our own page, or if no browser sent it; otherwise deny
// answers.
func SameOrigin(h, deny http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(deny)
	return p.Handler(h)
}

// Theme is the colours a browser asked for: "light", "dark", or "" to follow
// the system. The address overrides the cookie for one page.
func Theme(r *http.Request) string {
	theme := r.URL.Query().Get("theme")
	if theme == "" {
		if c, err := r.Cookie("theme"); err == nil {
			theme = c.Value
		}
	}
	if theme != "light" && theme != "dark" {
		return ""
	}
	return theme
}
