// Package said is what is said of a contact afterwards: the statements that
// sides prepare, exchange, compare, sign and publish; the state that those
// entries add up to (spec/statements.md).
//
// Neither side sees the other's draft before both are bound to their own, and a
// joint statement that one withdraws while the other signs is published by
// nobody. Both hold by the set of entries alone, whatever their order of arrival
// (docs/decisions/0013-statements.md).
package said

import "parley/internal/form"

// Forms are the names of the forms that statements are made of.
var Forms = []string{"embargo", "ready", "draft", "remark", "joint", "published"}

func init() {
	form.Register(embargoForm(), readyForm(), draftForm(), remarkForm(), jointForm(), publishedForm())
}
