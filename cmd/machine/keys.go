package machine

import (
	"net/http"

	webboard "scanpost/scan/board"
)

// keys are the board's decisions about keys of stations.
type keys struct{ b *board }

func (k keys) Offers() []webboard.KeyOffer {
	var all []webboard.KeyOffer
	for _, o := range k.b.down.Offers() {
		all = append(all, webboard.KeyOffer{Station: o.Station, Had: o.Had, Has: o.Has, Since: o.Since})
	}
	return all
}

func (k keys) Trust(r *http.Request, station, key, by string) error {
	if err := k.b.down.Trust(r.Context(), station, key); err != nil {
		return err
	}
	k.b.log.Warn("somebody decided to believe a station's new key", "station", station, "by", by, "key", key)
	return nil
}
