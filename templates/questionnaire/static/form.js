// A small help where scripts run: an answer that stands alone unticks the others, and a page is sent once.
document.addEventListener("change", function (event) {
  var ticked = event.target;
  if (ticked.type !== "checkbox" || !ticked.checked) return;
  document.getElementsByName(ticked.name).forEach(function (other) {
    if (other !== ticked && (ticked.hasAttribute("data-alone") || other.hasAttribute("data-alone"))) other.checked = false;
  });
});
document.addEventListener("submit", function (event) {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
window.addEventListener("pageshow", function () {
  document.querySelectorAll("form").forEach(function (form) { delete form.dataset.sent; });
});
