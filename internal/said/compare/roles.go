package compare

import "strings"

// roles are words beside which a person does something that another would do
// otherwise: it is they who make two people contradict each other.
var roles = func() map[string]string {
	m := map[string]string{}
	for role, row := range map[string]string{
		"lead":   "lead leads led leading head heads headed heading chair chairs chaired chairing preside presides presided charge responsible oversee oversees oversaw named names name appointed appoints appoint designated designates designate nominated nominates nominate",
		"sign":   "sign signs signed signing initialled initialed",
		"attend": "attend attends attended attending present listened listening accompanied participated participate",
		"host":   "host hosts hosted hosting",
	} {
		for _, w := range strings.Fields(row) {
			m[w] = role
		}
	}
	return m
}()

// hanRoles are the same in Chinese.
var hanRoles = []struct{ word, role string }{
	{"牵头", "lead"}, {"率领", "lead"}, {"带队", "lead"}, {"主持", "lead"}, {"负责", "lead"}, {"领导", "lead"}, {"担任", "lead"}, {"指定", "lead"}, {"任命", "lead"}, {"指派", "lead"}, {"委派", "lead"}, {"率", "lead"},
	{"签署", "sign"}, {"签字", "sign"}, {"草签", "sign"}, {"出席", "attend"}, {"参加", "attend"}, {"在座", "attend"}, {"陪同", "attend"}, {"旁听", "attend"}, {"在场", "attend"},
}

// hanRoleAt is what somebody does whose name ends before i.
func hanRoleAt(ts []token, i, hi int) string {
	if t := titleAt(ts, i, hi); t != "" {
		i += len([]rune(t))
	}
	for _, r := range hanRoles {
		if follows(ts[:hi], i, r.word) > 0 {
			return r.role
		}
	}
	return ""
}

const (
	roleReach = 9 // tokens
	sideReach = 12
)

// placed notes what the people of a passage do, and beside which party they are
// named.
func (p *passage) placed() {
	for n := range p.claims {
		c := &p.claims[n]
		if c.sort != aName || c.name.of != person && c.name.of != someName {
			continue
		}
		s := &p.sents[c.sent]
		c.name.role = p.roleOf(c, s)
		c.name.side = p.sideOf(c, s)
		if c.name.role != "" && c.name.of == someName && (c.name.han || len(c.name.words) > 1) {
			c.name.of = person
		}
	}
}

// roleOf is the role that stands nearest to a name.
func (p *passage) roleOf(c *claim, s *sentence) (role string) {
	near := roleReach + 1
	for i := max(s.from, c.from-roleReach); i < min(s.to, c.to+roleReach); i++ {
		d := i - c.to + 1
		if i < c.from {
			d = c.from - i
		}
		if i >= c.from && i < c.to || d >= near {
			continue
		}
		if r := roles[p.toks[i].loose]; r != "" && p.toks[i].kind == word {
			role, near = r, d
			continue
		}
		for _, r := range hanRoles {
			if follows(p.toks[:s.to], i, r.word) > 0 {
				role, near = r.role, d
				break
			}
		}
	}
	return role
}

// sideOf is the party that stands nearest to a name: by its name, or as 桤方.
func (p *passage) sideOf(c *claim, s *sentence) (side string) {
	near := sideReach + 1
	note := func(at int, who string) {
		d := at - c.to + 1
		if at < c.from {
			d = c.from - at
		}
		if d > 0 && d < near {
			side, near = who, d
		}
	}
	for _, i := range p.inSent[c.sent] {
		if o := &p.claims[i]; o.sort == aName && o.name.of == ofParty {
			note(o.from, o.name.words[0])
		}
	}
	for i := max(s.from+1, c.from-sideReach); i < c.from; i++ {
		if k := p.toks[i].key; (k == "方" || k == "国") && p.toks[i-1].kind == wide && !strings.Contains("双各一对我两多三己本他地前后中外官", p.toks[i-1].key) {
			note(i, p.toks[i-1].key)
		}
	}
	return side
}
