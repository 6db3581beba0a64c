// Package proof makes a station's log something that can be shown later: the
// tree hashes over its events, and the signed heads that state their root.
//
// Hashing is RFC 6962 over the exact stored bytes of each event, so that a
// receiver verifies what it received and nobody has to write JSON the same way
// twice. A head is a signed note whose text is [event.Head.Text]; the name of
// the key is the origin, scanpost/v1/<site>/<station>, so that one station's
// key can not speak for another, nor a key of the Go checksum database for us.
//
// It is the only importer of golang.org/x/mod/sumdb.
package proof

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"scanpost/sync/event"
)

// keyFile is the station's private key within its data folder.
const keyFile = "station.key"

// ErrDamaged says that the file of the station's key holds no key that can be
// read. It is not for us to make a new one in its place: whoever does has to
// say so, since receivers go on believing the old one.
var ErrDamaged = errors.New("the station's key is damaged")

// Signer signs the heads of one station.
type Signer struct {
	name   string
	signer note.Signer
	vkey   string
}

// LoadOrMakeSigner reads the key from dir, or makes one if there is none. The
// name is the station's origin, scanpost/v1/<site>/<station>. A file that holds
// no key is an [ErrDamaged]; a key that others can read, or of another station,
// is not: there a person did something, and has to undo it.
func LoadOrMakeSigner(dir, name string) (*Signer, error) {
	file := filepath.Join(dir, keyFile)
	skey, err := load(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(dir, file, name); err != nil {
			return nil, fmt.Errorf("make the station's key %s: %w", file, err)
		}
		skey, err = load(file)
	}
	if err != nil {
		return nil, err
	}
	s, err := newSigner(skey)
	if err != nil {
		return nil, damaged(file, err)
	}
	if s.name != name {
		return nil, fmt.Errorf("the station's key %s belongs to %s, this is %s: was the data folder copied, or the station renamed? Move the key away to make a new one", file, s.name, name)
	}
	return s, nil
}

func load(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("read the station's key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", fmt.Errorf("read the station's key: %w", err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("the station's key %s is not a file: move it away and a new one is made", file)
	case info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("the station's key %s can be read by others (mode %04o): chmod 600 %s", file, info.Mode().Perm(), file)
	}
	b, err := io.ReadAll(io.LimitReader(f, 1024))
	switch {
	case err != nil:
		return "", damaged(file, err)
	case len(b) == 0:
		return "", damaged(file, errors.New("it is empty"))
	}
	return strings.TrimSpace(string(b)), nil
}

func damaged(file string, err error) error {
	return fmt.Errorf("read %s: %w; restore it from a backup, or move it away and a new one is made, which receivers have to be told", file,
		fmt.Errorf("%w: %w", ErrDamaged, err))
}

// makeKey puts the whole key in place or nothing, and never over another one:
// two processes starting at once end up with the same key.
func makeKey(dir, file, name string) error {
	skey, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, keyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(skey + "\n")
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func newSigner(skey string) (*Signer, error) {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	vkey, err := verifierKey(skey)
	if err != nil {
		return nil, err
	}
	return &Signer{name: signer.Name(), signer: signer, vkey: vkey}, nil
}

// verifierKey is the public half of a key that note.NewSigner has accepted:
// PRIVATE+KEY+<name>+<hash>+<base64 of the algorithm and the seed>.
func verifierKey(skey string) (string, error) {
	parts := strings.SplitN(skey, "+", 5)
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(parts) != 5 || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("malformed key")
	}
	public := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(parts[2], public)
}

// VerifierKey is the public key in the note package's form; it goes into the
// station's birth.
func (s *Signer) VerifierKey() string { return s.vkey }

// Sign makes the signed note of a head of this station.
func (s *Signer) Sign(h event.Head) ([]byte, error) {
	if origin := (event.Topics{Site: h.Site, Station: h.Station}).Origin(); origin != s.name {
		return nil, fmt.Errorf("sign a head of %s with the key of %s", origin, s.name)
	}
	return note.Sign(&note.Note{Text: h.Text()}, s.signer)
}

// Open reads a signed head. It returns a head only if the key signed it and
// the key's name is the head's origin.
func Open(msg []byte, verifierKey string) (event.Head, error) {
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return event.Head{}, fmt.Errorf("open a head: verifier key %.100q: %w", verifierKey, err)
	}
	if len(msg) > event.MaxSize {
		return event.Head{}, event.ErrTooLarge
	}
	n, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return event.Head{}, fmt.Errorf("open a head: %w", err)
	}
	h, err := event.ParseHead(n.Text)
	if err != nil {
		return event.Head{}, err
	}
	if origin := (event.Topics{Site: h.Site, Station: h.Station}).Origin(); origin != verifier.Name() {
		return event.Head{}, fmt.Errorf("open a head: %s was signed by the key of %s", origin, verifier.Name())
	}
	return h, nil
}
