package sqlite

func (s *Store) resumeRebuild() error { return nil }
