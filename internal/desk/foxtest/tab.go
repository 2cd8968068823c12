package foxtest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Tab is one tab.
type Tab struct {
	b    *Browser
	id   string // of its context
	user string // whose cookies and storage it has
}

// NewTab opens a tab with cookies and storage of its own.
func (b *Browser) NewTab() (*Tab, error) {
	var made struct{ UserContext string }
	if err := b.Call("browser.createUserContext", m{}, &made); err != nil {
		return nil, err
	}
	return b.tab(made.UserContext)
}

// Beside opens another tab with the cookies and storage of this one, in front
// of it: t is hidden from then on, until it is shown again.
func (t *Tab) Beside() (*Tab, error) { return t.b.tab(t.user) }

func (b *Browser) tab(user string) (*Tab, error) {
	var made struct{ Context string }
	if err := b.Call("browsingContext.create", m{"type": "tab", "userContext": user}, &made); err != nil {
		return nil, err
	}
	t := &Tab{b, made.Context, user}
	return t, t.Show()
}

// Close closes it and every other with its cookies, and forgets these.
func (t *Tab) Close() error {
	return t.b.Call("browser.removeUserContext", m{"userContext": t.user}, nil)
}

// Show brings it to the front, and the focus with it.
func (t *Tab) Show() error {
	return t.b.Call("browsingContext.activate", m{"context": t.id}, nil)
}

// Open goes to an address and waits until the page is loaded.
func (t *Tab) Open(url string) error {
	return t.b.Call("browsingContext.navigate", m{"context": t.id, "url": url, "wait": "complete"}, nil)
}

// Before has a script run in every page of the tab before any of its own. The
// script is the body of a function.
func (t *Tab) Before(script string) error {
	return t.b.Call("script.addPreloadScript", m{"contexts": []string{t.id}, "functionDeclaration": "() => {" + script + "}"}, nil)
}

// Cookie sets a cookie for the host of the desk.
func (t *Tab) Cookie(host, name, value string) error {
	return t.b.Call("storage.setCookie", m{"cookie": m{"name": name, "value": m{"type": "string", "value": value}, "domain": host, "path": "/", "httpOnly": true, "sameSite": "strict"},
		"partition": m{"type": "storageKey", "userContext": t.user}}, nil)
}

// result is what an evaluation gave.
type result struct {
	Type   string
	Result struct {
		Type     string
		Value    json.RawMessage
		SharedID string
	}
	ExceptionDetails struct{ Text string }
}

func (b *Browser) evaluate(context, js string) (result, error) {
	var r result
	err := b.Call("script.evaluate", m{"target": m{"context": context}, "expression": js, "awaitPromise": true}, &r)
	if err == nil && r.Type != "success" {
		err = fmt.Errorf("%s: %s", js, r.ExceptionDetails.Text)
	}
	return r, err
}

// Eval reads the value of an expression into out, by way of JSON.
func (t *Tab) Eval(js string, out any) error {
	r, err := t.b.evaluate(t.id, "(async () => JSON.stringify(await ("+js+")) ?? 'null')()")
	if err != nil {
		return err
	}
	var text string
	if err := json.Unmarshal(r.Result.Value, &text); err != nil {
		return fmt.Errorf("%s: %w", js, err)
	}
	return json.Unmarshal([]byte(text), out)
}

// Click clicks the middle of the one element that a selector finds first, as a
// person would.
func (t *Tab) Click(css string) error {
	r, err := t.b.evaluate(t.id, fmt.Sprintf(`(() => { const e = document.querySelector(%s); e?.scrollIntoView({ block: "center", behavior: "instant" }); return e; })()`, quote(css)))
	if err != nil {
		return err
	}
	if r.Result.SharedID == "" {
		return fmt.Errorf("nothing is %s", css)
	}
	at := m{"type": "element", "element": m{"sharedId": r.Result.SharedID}}
	return t.act(m{"type": "pointer", "id": "mouse", "actions": []m{{"type": "pointerMove", "x": 0, "y": 0, "origin": at}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}}})
}

// Keys that stand for no character, as WebDriver names them.
const (
	TabKey  = "\ue004"
	BackTab = "\ue008" + TabKey // with the shift key
	Enter   = "\ue007"
	Down    = "\ue015"
)

const shift = '\ue008'

// Keys strikes keys, one after the other; a shift key is held to the end.
func (t *Tab) Keys(text string) error {
	var strokes []m
	for _, c := range text {
		strokes = append(strokes, m{"type": "keyDown", "value": string(c)})
		if c != shift {
			strokes = append(strokes, m{"type": "keyUp", "value": string(c)})
		}
	}
	if strings.ContainsRune(text, shift) {
		strokes = append(strokes, m{"type": "keyUp", "value": string(shift)})
	}
	return t.act(m{"type": "key", "id": "keyboard", "actions": strokes})
}

func (t *Tab) act(source m) error {
	return t.b.Call("input.performActions", m{"context": t.id, "actions": []m{source}}, nil)
}

// Authenticate gives the browser an authenticator inside it, which holds
// passkeys and verifies its user without asking. Firefox has no command for it:
// a script of the browser itself does it.
func (b *Browser) Authenticate() error {
	var windows struct{ Contexts []struct{ Context string } }
	if err := b.Call("browsingContext.getTree", m{"moz:scope": "chrome", "maxDepth": 0}, &windows); err != nil {
		return err
	}
	if len(windows.Contexts) == 0 {
		return fmt.Errorf("the browser has no window")
	}
	_, err := b.evaluate(windows.Contexts[0].Context, `Cc["@mozilla.org/webauthn/service;1"].getService(Ci.nsIWebAuthnService).addVirtualAuthenticator("ctap2_1", "internal", true, true, true, true)`)
	return err
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a form in JSON
	}
	return string(b)
}
