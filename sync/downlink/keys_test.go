package downlink

import (
	"errors"
	"testing"
	"time"

	"scanpost/sync/event"
	"scanpost/sync/proof"
)

// A station with another key than before is not believed until somebody has
// decided so; from then on it is, also after a restart.
func TestChangedKeyWaitsForAPerson(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		s := r.station("pack-01")
		r.connect()
		s.sayBirth()
		s.scans(2)
		s.sayHead()
		pass(time.Second)
		had := s.signer.VerifierKey()
		signer, err := proof.LoadOrMakeSigner(t.TempDir(), event.Topics{Site: "ham1", Station: s.name}.Origin())
		if err != nil {
			t.Fatal(err)
		}
		s.signer, s.session = signer, "s2"
		s.sayBirth()
		s.scans(1)
		s.sayHead()
		pass(time.Second)
		before := len(r.floor.coverages())
		offers := r.d.Offers()
		if len(offers) != 1 || offers[0].Station != s.name || offers[0].Had != had || offers[0].Has != signer.VerifierKey() {
			t.Fatalf("offers: %+v", offers)
		}
		if err := r.d.Trust(t.Context(), s.name, had); !errors.Is(err, ErrOffer) {
			t.Errorf("trusting another key: %v", err)
		}
		if err := r.d.Trust(t.Context(), s.name, signer.VerifierKey()); err != nil {
			t.Fatal(err)
		}
		s.sayHead()
		pass(time.Second)
		if got := len(r.floor.coverages()); got <= before {
			t.Errorf("its heads are not believed after the decision")
		}
		if got := r.d.Offers(); len(got) != 0 {
			t.Errorf("still offered: %+v", got)
		}
		r.disconnect()
		r.restart()
		r.connect()
		s.session = "s3"
		s.sayBirth()
		s.sayHead()
		pass(time.Second)
		if got := r.d.Offers(); len(got) != 0 {
			t.Errorf("offered again after a restart: %+v", got)
		}
	})
}
