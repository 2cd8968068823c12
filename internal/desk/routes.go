package desk

import (
	"net/http"

	"parley"
)

// handler serves a request of an officer who has a seat. An error becomes a
// page with the status of its kind.
type handler func(w http.ResponseWriter, r *http.Request, s *seat) error

// routes is every address of the desk. All but those of the first block, what
// calendar programs read, and the pages of guests on a call, need a seat that is not locked and, where the station asks for it, a passkey.
func (d *desk) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /static/{version}/{file}", d.serveStatic)
	m.HandleFunc("GET /seat/{token}", d.seatPage)
	m.HandleFunc("POST /seat/{token}", d.takeSeat)
	m.HandleFunc("POST /prefs", d.setPrefs)
	m.HandleFunc("GET /sign-in", d.signInPage)
	m.HandleFunc("POST /passkey/sign-in/begin", d.beginSignIn)
	m.HandleFunc("POST /passkey/sign-in/finish", d.finishSignIn)
	m.HandleFunc("POST /passkey/unlock/begin", d.sitting(d.beginUnlock))
	m.HandleFunc("POST /passkey/unlock/finish", d.sitting(d.finishUnlock))
	m.HandleFunc("POST /passkey/add/begin", d.unlocked(d.beginAdd))
	m.HandleFunc("POST /passkey/add/finish", d.unlocked(d.finishAdd))
	m.HandleFunc("GET /access", d.unlocked(d.access))
	m.HandleFunc("POST /access/{act}", d.unlocked(d.actOnAccess))
	m.HandleFunc("GET /events", d.sitting(d.events))
	m.HandleFunc("POST /leave", d.sitting(d.leave))
	m.HandleFunc("POST /prove", d.sitting(d.prove))

	on := func(pattern string, h handler) { m.HandleFunc(pattern, d.seated(h)) }
	on("GET /{$}", d.home)
	on("GET /watch", d.watch)
	on("GET /record", d.record)
	on("GET /work", d.work)
	on("GET /help", d.help)
	on("POST /silence", d.silence)
	on("POST /handover", d.handOver)
	on("GET /watch/list", d.watchList)
	on("POST /watch/list/{act}", d.actOnWatchList)
	on("GET /watch/takeover", d.takeover)
	on("POST /watch/takeover", d.takeOver)
	on("POST /sound-tested", d.soundTested)

	on("GET /line/{line}/item/{id}", d.item)
	on("POST /line/{line}/item/{id}/{act}", d.actOnItem)
	on("POST /line/{line}/item/{id}/tell", d.tell)
	on("GET /line/{line}/item/{id}/proof", d.proof)
	on("GET /line/{line}/item/{id}/silence-proof", d.silenceProof)
	on("GET /line/{line}/item/{id}/attachment/{n}", d.attachment)

	on("GET /line/{line}/texts", d.texts)
	on("POST /line/{line}/texts/{act}", d.actOnTexts)
	on("GET /record.csv", d.recordTable)
	d.contactRoutes(m, on)
	d.callRoutes(m, on)

	on("GET /compose", d.compose)
	on("POST /template/{id}/remove", d.removeTemplate)
	on("POST /drafts", d.saveDraft)
	on("GET /draft/{id}", d.draft)
	on("GET /draft/{id}/release", d.releasePage)
	on("POST /draft/{id}/{act}", d.actOnDraft)

	on("GET /station", d.station)
	on("GET /line/{line}", d.line)
	on("POST /line/{line}/{act}", d.actOnLine)
	on("GET /line/{line}/export", d.export)
	on("GET /line/{line}/charter", d.charter)
	on("POST /line/{line}/charter", d.assent)
	on("GET /line/{line}/charter/change", d.amendPage)
	on("POST /line/{line}/charter/change", d.amend)
	on("GET /line/{line}/charter/leave", d.leavePage)
	on("POST /line/{line}/charter/leave", d.leaveLine)
	on("GET /line/{line}/offices", d.offices)
	on("POST /line/{line}/offices/ping", d.ping)
	on("GET /line/{line}/offices/change", d.onlyFor(d.change, parley.Administrator, parley.Envoy))
	on("POST /line/{line}/offices/change", d.onlyFor(d.saveChange, parley.Administrator, parley.Envoy))
	on("GET /line/{line}/brief", d.brief)
	on("GET /line/{line}/modes", d.modes)
	on("POST /line/{line}/modes/{act}", d.actOnMode)

	admin := func(pattern string, h handler) { on(pattern, d.onlyFor(h, parley.Administrator)) }
	on("GET /station/audit", d.onlyFor(d.audit, parley.Administrator, parley.Archivist))
	admin("GET /station/officers", d.officers)
	admin("POST /station/officers/{act}", d.actOnOfficer)
	admin("GET /station/pairing", d.pairing)
	admin("POST /station/pairing/{act}", d.actOnPairing)
	admin("GET /station/pairing/{line}/file", d.pairingFile)
	on("/", func(http.ResponseWriter, *http.Request, *seat) error { return errHidden })
	return m
}

// callRoutes are the addresses of calls, of guests on them, and of what our side
// writes of them.
func (d *desk) callRoutes(m *http.ServeMux, on func(pattern string, h handler)) {
	d.memconRoutes(on)
	m.HandleFunc("GET /call/{secret}", d.guestPage)
	m.HandleFunc("POST /call/{secret}/{act}", d.guestAct)
	on("GET /line/{line}/call", d.call)
	on("POST /line/{line}/call/{act}", d.actOnCall)
	on("GET /line/{line}/call/{id}/recording/{n}", d.recording)
	on("GET /line/{line}/glossary", d.glossary)
	on("POST /line/{line}/glossary/{act}", d.actOnGlossary)
	on("GET /line/{line}/glossary.csv", d.glossaryTable)
}

// contactRoutes are the addresses of contacts and of what they are about.
func (d *desk) contactRoutes(m *http.ServeMux, on func(pattern string, h handler)) {
	m.HandleFunc("GET /calendar/{token}/contacts.ics", d.feed)
	on("GET /calendars", d.feeds)
	on("POST /calendars/{act}", d.actOnFeeds)
	on("GET /contacts", d.anyContacts)
	on("GET /line/{line}/contacts", d.contacts)
	on("POST /line/{line}/contacts/{act}", d.actOnContacts)
	on("GET /line/{line}/contacts.json", d.contactsJSON)
	on("GET /line/{line}/contacts.csv", d.contactsTable)
	on("GET /line/{line}/contacts/ask", d.termsForm)
	on("POST /line/{line}/contacts/ask", d.sendTerms)
	on("GET /line/{line}/contact/{id}", d.contactFile)
	on("GET /line/{line}/contact/{id}/calendar", d.calendarFile)
	on("GET /line/{line}/contact/{id}/offer", d.termsForm)
	on("POST /line/{line}/contact/{id}/offer", d.sendTerms)
	on("POST /line/{line}/contact/{id}/{act}", d.actOnContact)
	on("GET /line/{line}/contact/{id}/said", d.saying)
	on("POST /line/{line}/contact/{id}/said/{act}", d.actOnSaying)
	on("GET /line/{line}/contact/{id}/joint", d.joint)
	on("POST /line/{line}/contact/{id}/joint", d.sendJoint)
	on("GET /line/{line}/contact/{id}/publish", d.publishForm)
	on("POST /line/{line}/contact/{id}/publish", d.publish)
	on("GET /line/{line}/item/{id}/public", d.publicPage)
	on("GET /line/{line}/topics", d.topics)
	on("GET /line/{line}/topic", d.topic)
	on("POST /line/{line}/topics/{act}", d.actOnTopics)
}

// errHidden is the answer for what does not exist, and for what this officer
// may not know to exist.
var errHidden = parley.Errorf(parley.NotFound, "no such page")

// onlyFor hides a handler from seats of other offices.
func (d *desk) onlyFor(h handler, offices ...parley.Office) handler {
	return func(w http.ResponseWriter, r *http.Request, s *seat) error {
		if !s.is(offices...) {
			return errHidden
		}
		return h(w, r, s)
	}
}
