(() => {
  "use strict";
  const find = (id) => document.getElementById(id);
  const form = find("filters");
  if (form) {
    const [client, engine, scenario, forks, count] = ["client", "engine", "scenario", "forks", "count"].map((name) => find("f-" + name));
    const sections = [...document.querySelectorAll("section.scenario")].map((element) => {
      const table = element.querySelector("table.clients");
      return {
        element,
        engines: table ? [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent) : [],
        head: table && table.tHead.rows[0],
        rows: table ? [...table.tBodies[0].rows].map((row) => ({ row, name: row.cells[0].textContent.toLowerCase() })) : [],
      };
    });
    let shownEngine = "";
    const apply = () => {
      const words = client.value.toLowerCase().split(/\s+/).filter(Boolean);
      let seen = 0;
      let all = 0;
      for (const { element, engines, head, rows } of sections) {
        const other = scenario && scenario.value && scenario.value !== element.id;
        const without = engine.value && !engines.includes(engine.value);
        let own = 0;
        for (const { row, name } of rows) {
          const fits = words.every((word) => name.includes(word)) && (!forks.checked || row.hasAttribute("data-leaves"));
          row.hidden = !fits;
          own += fits;
        }
        const nothing = (words.length > 0 || forks.checked) && own === 0;
        element.hidden = Boolean(other || without || nothing || (forks.checked && !element.hasAttribute("data-forked")));
        all += rows.length;
        seen += element.hidden ? 0 : own;
        if (head && shownEngine !== engine.value) {
          for (const row of [head, ...rows.map((each) => each.row)]) {
            engines.forEach((name, place) => { row.cells[place + 1].hidden = Boolean(engine.value) && name !== engine.value; });
          }
        }
      }
      shownEngine = engine.value;
      count.textContent = `${seen} of ${all} rows`;
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("change", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement.tagName)) {
        event.preventDefault();
        client.focus();
      } else if (event.key === "Escape" && document.activeElement === client) {
        client.value = "";
        apply();
      }
    });
    apply();
  }
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => { for (const each of opened) each.open = false; });
})();
