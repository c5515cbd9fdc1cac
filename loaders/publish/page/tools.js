"use strict";
// What every section needs: the data by mart and column, London times, numbers with units, elements, charts.

const DATA = JSON.parse(document.getElementById("data").textContent);

// The rows of a mart, as objects; none where the mart is empty.
function rows(mart) {
  const table = DATA.tables[mart] || {};
  const names = Object.keys(table);
  return (table[names[0]] || []).map((_, i) => Object.fromEntries(names.map((name) => [name, table[name][i]])));
}

const LONDON = "Europe/London";
const clock = new Intl.DateTimeFormat("en-GB", {timeZone: LONDON, hour: "2-digit", minute: "2-digit"});
const dayAndClock = new Intl.DateTimeFormat("en-GB", {
  timeZone: LONDON, weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
});
const longDay = new Intl.DateTimeFormat("en-GB", {timeZone: LONDON, weekday: "short", day: "numeric", month: "short"});
// A day without its year, unless it is long ago.
const dayName = (date) => (at(DATA.published_at_utc) - dayOf(date) > 120 * 864e5 ? oldDay : longDay).format(dayOf(date));
const oldDay = new Intl.DateTimeFormat("en-GB", {timeZone: LONDON, day: "numeric", month: "short", year: "numeric"});
const oldTime = new Intl.DateTimeFormat("en-GB", {
  timeZone: LONDON, day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
});
const fullTime = new Intl.DateTimeFormat("en-GB", {
  timeZone: LONDON, day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  timeZoneName: "short",
});
// A moment without its year, unless it is long ago.
const moment = (iso) => (at(DATA.published_at_utc) - at(iso) > 120 * 864e5 ? oldTime : dayAndClock).format(at(iso));
const isTime = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value);
const isDay = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value);
const at = (iso) => new Date(iso);
const dayOf = (date) => at(date + "T12:00:00Z");

function number(value, decimals = 0) {
  if (value === null || value === undefined) return "–";
  const text = Math.abs(value).toLocaleString("en-GB", {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
  return (value < 0 && Number(text.replace(/,/g, "")) !== 0 ? "−" : "") + text;
}

// 4 min, 3 h, 2 days: how long ago, at the moment of publication.
function age(iso) {
  const minutes = Math.round((at(DATA.published_at_utc) - at(iso)) / 60000);
  if (minutes < 0) return "in the future";
  if (minutes < 120) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${number(Math.round(minutes / 1440))} days ago`;
}

// An element with attributes and children; text is always text, never markup.
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  for (const child of children.flat()) if (child !== null && child !== undefined) made.append(child);
  return made;
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A line without axes; gaps stay gaps.
function sparkline(values) {
  const present = values.filter((value) => value !== null);
  if (present.length < 2) return null;
  const low = Math.min(...present), high = Math.max(...present), span = high - low || 1;
  let path = "", pen = false;
  values.forEach((value, i) => {
    if (value === null) { pen = false; return; }
    const x = (i / (values.length - 1)) * 100, y = 22 - ((value - low) / span) * 20;
    path += `${pen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = true;
  });
  return svg("svg", {viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true"},
    svg("path", {d: path, fill: "none", stroke: "var(--accent)", "stroke-width": "1.5", "vector-effect": "non-scaling-stroke"}));
}

function shown(value) {
  if (value === null || value === undefined) return "";
  if (isTime(value)) return moment(value);
  if (isDay(value)) return dayName(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? number(value, Number.isInteger(value) ? 0 : 2) : String(value);
}

// columns: [{name, label, bar, format}]; without them, every column of the rows under its own name.
function table(all, columns) {
  const wanted = columns || Object.keys(all[0] || {}).map((name) => ({name, label: name}));
  const numeric = (column) => all.some((row) => typeof row[column.name] === "number");
  const head = el("tr", {}, wanted.map((c) => el("th", {scope: "col", class: numeric(c) ? "n" : ""}, c.label)));
  const most = Object.fromEntries(wanted.filter((c) => c.bar).map((c) =>
    [c.name, Math.max(...all.map((row) => Math.abs(row[c.name] || 0)), 1e-9)]));
  const body = all.map((row) => el("tr", {}, wanted.map((c) => {
    const value = row[c.name];
    if (c.bar) {
      const width = (60 * Math.abs(value || 0)) / most[c.name];
      return el("td", {}, el("span", {class: value < 0 ? "bar minus" : "bar", style: `width:${width.toFixed(1)}px`}));
    }
    const text = c.format ? c.format(value, row) : shown(value);
    return el("td", {class: typeof value === "number" ? "n" : ""}, text);
  })));
  return el("div", {class: "scroll", tabindex: "0"}, el("table", {}, el("thead", {}, head), el("tbody", {}, body)));
}

// A card with a heading, a sentence, what it shows, and its numbers for those who read rather than look.
// spec: {id, title, says, source, numbers, wide, tabs}
function card(spec, content) {
  const box = el("section", {class: spec.wide ? "card wide" : "card", id: spec.id, "aria-labelledby": `${spec.id}-title`});
  const head = el("div", {class: "head"}, el("h2", {id: `${spec.id}-title`}, spec.title));
  box.append(head);
  if (spec.tabs) head.append(spec.tabs);
  if (spec.says) box.append(el("p", {class: "says"}, spec.says));
  const figure = el("figure", {}, content);
  figure.append(el("figcaption", {}, `From ${spec.source}.`));
  box.append(figure);
  if (spec.numbers && spec.numbers.length) {
    const details = el("details", {}, el("summary", {}, "The numbers"));
    details.addEventListener("toggle", () => { if (details.open && details.children.length === 1) details.append(table(spec.numbers)); });
    box.append(details);
  }
  document.getElementById("cards").append(box);
  return box;
}

const empty = (why) => el("p", {class: "empty"}, why);

// Buttons of which one is pressed; choose(name) is called with the name of the new one.
function tabs(names, choose) {
  const box = el("div", {class: "tabs", role: "group"});
  names.forEach((name, i) => {
    const button = el("button", {type: "button", "aria-pressed": String(i === 0)}, name);
    button.addEventListener("click", () => {
      for (const other of box.children) other.setAttribute("aria-pressed", String(other === button));
      choose(name);
    });
    box.append(button);
  });
  return box;
}

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const CHARTS = [];

// A chart that follows the size of its box and the light or dark of the reader. make() returns ECharts options.
function chart(label, make, tall = false) {
  const box = el("div", {class: tall ? "chart tall" : "chart", role: "img", "aria-label": label});
  CHARTS.push({box, make, drawn: null});
  return box;
}

function draw(one) {
  if (!one.drawn) one.drawn = echarts.init(one.box, null, {renderer: "svg"});
  one.drawn.setOption({...common(), ...one.make()}, true);
}

function drawAll() { CHARTS.forEach(draw); }

const FONT = '"Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif'; // ECharts measures with it

function common() {
  return {
    animation: false,
    textStyle: {fontFamily: FONT, color: css("--ink")},
    grid: {left: 8, right: 14, top: 52, bottom: 8, containLabel: true},
    legend: {type: "scroll", top: 0, left: 0, itemWidth: 14, itemHeight: 8, textStyle: {color: css("--ink"), fontSize: 11}},
  };
}

function timeAxis(extra = {}) {
  const label = (ms) => (clock.format(ms) === "00:00" ? longDay.format(ms) : clock.format(ms));
  return {
    type: "time", axisLabel: {formatter: label, color: css("--soft"), hideOverlap: true, fontSize: 11, margin: 8, rich: {}},
    axisLine: {lineStyle: {color: css("--line")}}, splitLine: {show: false}, ...extra,
  };
}

function valueAxis(name, extra = {}) {
  return {
    type: "value", name, nameLocation: "end", nameGap: 10,
    nameTextStyle: {color: css("--soft"), align: "right", fontSize: 11},
    axisLabel: {color: css("--soft"), fontSize: 11, formatter: (v) => number(v, Number.isInteger(v) ? 0 : 2)},
    splitLine: {lineStyle: {color: css("--line")}}, ...extra,
  };
}

function tooltip(unit, decimals = 0) {
  return {
    trigger: "axis", confine: true, backgroundColor: css("--card"), borderColor: css("--line"),
    textStyle: {color: css("--ink"), fontSize: 12},
    valueFormatter: (value) => (value === null || value === undefined ? "missing" : `${number(value, decimals)} ${unit}`),
    axisPointer: {label: {formatter: ({value}) => (typeof value === "number" ? dayAndClock.format(value) : value)}},
  };
}
