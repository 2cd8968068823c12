// Finding a term in a glossary: what does not hold what is typed is not shown. Nothing
// of it is sent anywhere.

// findTerms wires the field, each time the page is shown, and looks again.
export function findTerms() {
  const field = document.getElementById("gloss-find");
  if (!field) return;
  if (!field.dataset.wired) {
    field.dataset.wired = "1";
    field.addEventListener("input", look);
  }
  look();
}

const plain = (text) => text.normalize("NFKC").toLowerCase();

function look() {
  const sought = plain(document.getElementById("gloss-find").value.trim());
  for (const row of document.querySelectorAll("#gloss-table tbody tr")) row.hidden = sought !== "" && !plain(row.textContent).includes(sought);
}
