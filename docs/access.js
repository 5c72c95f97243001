// What the theme makes when a page is shown, and leaves out of reach of keyboards and screen readers.
function mend() {
  const boxes = ".md-typeset__scrollwrap, .md-typeset pre > code, .md-typeset math[display=block]";
  document.querySelectorAll(boxes).forEach((box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  });
  document.querySelectorAll(".md-code__nav").forEach((nav) => nav.setAttribute("role", "presentation"));
}
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
  mend();
});
