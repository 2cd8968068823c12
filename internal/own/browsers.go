package own

import (
	"bytes"
	"database/sql"
	"errors"

	"parley"
	"parley/internal/sqlfile"
)

// BindSession ties a session to the key of the browser it was begun in, once.
// NotAllowed when it is tied to another, NotFound when it ended.
func (s *Store) BindSession(session string, browser []byte) error {
	return s.write(func(tx *sqlfile.Tx) error {
		var now []byte
		err := tx.Row("SELECT browser FROM sessions WHERE token = ? AND ends > ?", tokenSum(session), s.millis()).Scan(&now)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return sessionEnded()
		case err != nil:
			return err
		case bytes.Equal(now, browser):
			return nil
		case len(now) > 0:
			return parley.Errorf(parley.NotAllowed, "this session belongs to another browser").WithHint("sign in here")
		}
		return tx.Exec("UPDATE sessions SET browser = ? WHERE token = ?", browser, tokenSum(session))
	})
}
