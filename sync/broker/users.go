package broker

import (
	"bufio"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"
)

const (
	hashPrefix = "pbkdf2-sha256$"
	hashRounds = 100_000 // some tens of milliseconds on a station's computer
)

// HashPassword makes what may stand in a file of users instead of a password.
func HashPassword(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	return hashPrefix + strconv.Itoa(hashRounds) + "$" + base64.RawStdEncoding.EncodeToString(salt) + "$" +
		base64.RawStdEncoding.EncodeToString(stretch(password, salt, hashRounds))
}

func stretch(password string, salt []byte, rounds int) []byte {
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		panic("broker: " + err.Error()) // only a key length can be wrong
	}
	return key
}

// ReadUsers reads a file of users: one "user:password" a line, where the
// password may be what [HashPassword] makes. Empty lines and lines that begin
// with # are skipped.
func ReadUsers(file string) (map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the users of the broker: %w", err)
	}
	defer f.Close()
	users := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		user, secret, ok := strings.Cut(line, ":")
		if !ok || user == "" || secret == "" {
			return nil, fmt.Errorf("%s:%d: want user:password", file, n)
		}
		if _, _, _, ok := parseHash(secret); !ok && strings.HasPrefix(secret, hashPrefix) {
			return nil, fmt.Errorf("%s:%d: the password hash of %s is damaged", file, n, user)
		}
		if _, twice := users[user]; twice {
			return nil, fmt.Errorf("%s:%d: user %s is there twice", file, n, user)
		}
		users[user] = secret
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the users of the broker: %s: %w", file, err)
	}
	if len(users) == 0 {
		// An empty list would let everybody in.
		return nil, fmt.Errorf("%s holds no users: write user:password, one a line", file)
	}
	return users, nil
}

func parseHash(secret string) (rounds int, salt, key []byte, ok bool) {
	parts := strings.Split(secret, "$")
	if len(parts) != 4 || parts[0]+"$" != hashPrefix {
		return 0, nil, nil, false
	}
	rounds, err := strconv.Atoi(parts[1])
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[2])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[3])
	ok = err == nil && err1 == nil && err2 == nil && rounds > 0 && rounds <= 10_000_000 && len(key) == sha256.Size
	return rounds, salt, key, ok
}

func checkPassword(users map[string]string, user, password string) bool {
	secret, known := users[user]
	if rounds, salt, key, ok := parseHash(secret); ok {
		return subtle.ConstantTimeCompare(stretch(password, salt, rounds), key) == 1
	}
	a, b := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(password))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && known
}
