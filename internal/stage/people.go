package stage

import (
	"parley"
	"parley/internal/station"
)

// person is an officer of the cast.
type person struct {
	Name    string
	Offices []parley.Office
}

// cast is one side and its people, all invented.
type cast struct {
	Code, Name, Lang string
	Watch            person // the seat a visitor gets
	Envoy            person // drafts
	Second           person // releases what another drafted, and reviews translations
	Translator       person
	Admin            string
	Principal        station.CallPerson // who speaks on calls; neither has an account
	Interpreter      station.CallPerson // renders his own principal
}

func (c cast) people() []person { return []person{c.Watch, c.Envoy, c.Second, c.Translator} }

func alderCast() cast {
	return cast{
		Code: "alder", Name: "Alder", Lang: "en", Admin: "Admin Stone",
		Watch:      person{"Lt Ruiz", []parley.Office{parley.Watch}},
		Envoy:      person{"Capt Hale", []parley.Office{parley.Envoy}},
		Second:     person{"Cdr Osei", []parley.Office{parley.Envoy, parley.Principal}},
		Translator: person{"Ms Okafor", []parley.Office{parley.Translator}},
		Principal:  station.CallPerson{Name: "Anna Hart", Title: "Prime Minister", Role: "principal", Tongue: "en"}, Interpreter: station.CallPerson{Name: "Mr Tan", Role: "interpreter", Tongue: "zh"},
	}
}

func birchCast() cast {
	return cast{
		Code: "birch", Name: "Birch", Lang: "zh", Admin: "管理员",
		Watch:      person{"陈伟", []parley.Office{parley.Watch}},
		Envoy:      person{"李静", []parley.Office{parley.Envoy}},
		Second:     person{"王强", []parley.Office{parley.Envoy, parley.Principal}},
		Translator: person{"周敏", []parley.Office{parley.Translator}},
		Principal:  station.CallPerson{Name: "沈岚", Title: "总理", Role: "principal", Tongue: "zh"}, Interpreter: station.CallPerson{Name: "吴桐", Role: "interpreter", Tongue: "en"},
	}
}
