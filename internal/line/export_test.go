package line

// FreshLogs is what Status().Logs must be: the state of all logs, none of it
// remembered from before.
func (e *Engine) FreshLogs() (out []LogStatus) {
	for _, l := range e.logsInOrder() {
		l.shown = nil
		out = append(out, e.logStatus(l))
	}
	return out
}
