package sim

func (w *world) compare() {}
