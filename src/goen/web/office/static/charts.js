// Charts: what the server has drawn is drawn anew from the table below it, so that it can be asked for its figures.
// The library is fetched when a page first has one. A page's parts come and go; a chart stays by its name, and moves.
const THICK = 2.5;
const root = document.documentElement;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const contrast = matchMedia("(prefers-contrast: more)");
const short = new Intl.NumberFormat(root.lang, { notation: "compact", maximumFractionDigits: 1 });
const kept = new Map();

const token = (name) => getComputedStyle(root).getPropertyValue(name).trim();

/** What a table says: its columns with the ways they are drawn, its rows from left to right. */
function read(table) {
  const [head, ...series] = table.tHead.rows[0].cells;
  const rows = [...table.tBodies[0].rows];
  if ("newestFirst" in table.dataset) rows.reverse();
  return { head: head.textContent, series: series.map((each) => ({ name: each.textContent, how: each.dataset.how })), rows };
}

/** The words of one place, as the table has them. */
function words({ series, rows }, place) {
  const box = document.createElement("dl"), [head, ...cells] = rows[place].cells;
  const title = document.createElement("strong");
  title.textContent = head.textContent;
  for (const [i, cell] of cells.entries()) {
    const line = document.createElement("div"), name = document.createElement("dt"), value = document.createElement("dd");
    name.textContent = series[i].name;
    if (series[i].how) name.prepend(Object.assign(document.createElement("i"), { className: series[i].how }));
    value.textContent = cell.textContent;
    line.append(name, value);
    box.append(line);
  }
  const whole = document.createElement("div");
  whole.append(title, box);
  return whole;
}

function option(told, label) {
  const colours = { behind: token("--bar-2"), bar: token("--bar-1"), line: token("--link") };
  const small = { color: token("--soft"), fontFamily: token("--sans"), fontSize: 12 };
  const shade = { lineStyle: { color: token("--line") } };
  return {
    animation: !still.matches, animationDuration: 250, animationDurationUpdate: 250,
    aria: { enabled: true, label: { description: label }, decal: { show: contrast.matches } },
    grid: { left: 4, right: 8, top: 10, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { type: "category", data: told.rows.map((row) => row.cells[0].dataset.short), axisLabel: { ...small, hideOverlap: true }, axisTick: { show: false }, axisLine: shade },
    yAxis: { type: "value", minInterval: 1, splitNumber: 3, axisLabel: { ...small, formatter: (value) => short.format(value) }, splitLine: shade },
    tooltip: {
      trigger: "axis", confine: true, transitionDuration: still.matches ? 0 : 0.2, className: "plot-tip", padding: 10, axisPointer: { type: "shadow" },
      backgroundColor: token("--card"), borderColor: token("--edge"), textStyle: { ...small, color: token("--ink"), fontSize: 13 },
      formatter: ([at]) => words(told, at.dataIndex),
    },
    series: told.series.flatMap(({ name, how }, column) => how ? [{
      name, type: how === "line" ? "line" : "bar", data: told.rows.map((row) => Number(row.cells[column + 1].dataset.value)),
      barGap: "-100%", barMaxWidth: 36, color: colours[how], lineStyle: { width: THICK }, symbol: "circle", symbolSize: 5,
      showSymbol: told.rows.length < 15, emphasis: { disabled: true }, itemStyle: how === "line" ? {} : { borderRadius: [2, 2, 0, 0] },
    }] : []),
  };
}

async function draw(figure) {
  const area = figure.querySelector(".area"), name = figure.dataset.chart;
  let one = kept.get(name);
  if (!one) {
    const { init } = await import(figure.dataset.library);
    if (!figure.isConnected || kept.has(name)) return;
    const host = document.createElement("div");
    host.className = "host";
    area.replaceChildren(host);
    one = { host, chart: init(host, null, { renderer: "canvas" }) };
    kept.set(name, one);
    new ResizeObserver(() => one.chart.resize()).observe(host);
  }
  area.replaceChildren(one.host);
  const label = area.getAttribute("aria-label");  // The library says it of the chart itself.
  for (const each of ["role", "aria-label"]) area.removeAttribute(each);
  one.paint = () => one.chart.setOption(option(read(figure.querySelector("table")), label), { replaceMerge: ["series"] });
  one.paint();
  figure.dataset.drawn = "";
}

/** Draw what is not drawn yet: at once where the library is there, so that nothing flickers. */
function look() {
  for (const figure of document.querySelectorAll("[data-chart]:not([data-drawn], [data-begun])")) {
    figure.dataset.begun = "";
    draw(figure).catch(() => {});  // What the server has drawn stays.
  }
}
look();
new MutationObserver(look).observe(document.getElementById("main"), { childList: true, subtree: true });
const again = () => { for (const one of kept.values()) if (one.host.isConnected) one.paint(); };
new MutationObserver(again).observe(root, { attributeFilter: ["data-bs-theme"] });
for (const each of [still, contrast]) each.addEventListener("change", again);
