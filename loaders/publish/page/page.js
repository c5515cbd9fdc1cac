"use strict";
// The page from top to bottom. A section with nothing to show says why.

const now = rows("mart_now")[0] || {};

function kpis() {
  for (const kpi of DATA.kpis) {
    const raw = now[kpi.column];
    const held = raw !== null && raw !== undefined;
    const box = el("div", {class: "kpi"}, el("h2", {}, kpi.label));
    if (held) {
      box.append(el("div", {class: "value", "data-column": `mart_now.${kpi.column}`}, number(raw * kpi.scale, kpi.decimals),
        el("span", {class: "unit"}, kpi.unit ? ` ${kpi.unit}` : "")));
      const as_of = now[kpi.as_of];
      const extra = kpi.column === "net_imbalance_volume_mwh" ? ` · system ${(now.system_length || "").toLowerCase()}` : "";
      box.append(el("div", {class: "when"}, as_of ? `${moment(as_of)} · ${age(as_of)}${extra}` : ""));
    } else {
      box.append(el("div", {class: "value"}, "–"), el("div", {class: "missing"}, now[kpi.why] || "not held"));
    }
    if (kpi.spark && held) {
      const [mart, column] = kpi.spark.split(".");
      const seen = new Set();
      const once = rows(mart).filter((row) => !seen.has(row.start_utc) && seen.add(row.start_utc));
      const line = sparkline(once.map((row) => row[column]));
      if (line) box.append(line);
    }
    document.getElementById("kpis").append(box);
  }
}

function generation() {
  const held = {Day: rows("fct_generation_mix"), Week: rows("fct_generation_mix_half_hours")};
  let all = held.Day;
  const box = chart("Generation by fuel, stacked; pumping below zero", () => mixOption(all), true);
  const one = CHARTS.at(-1);
  card({id: "generation", title: "Generation by fuel", wide: true, numbers: rows("mart_now_mix"),
    says: "Output above zero, pumping below. Metered plants only: no solar and no embedded wind is in these data.",
    source: "fct_generation_mix (24 hours, every five minutes) and fct_generation_mix_half_hours (a week)",
    tabs: all.length ? tabs(["Day", "Week"], (name) => { all = held[name]; draw(one); }) : null,
  }, all.length ? box : (CHARTS.pop(), empty(now.generation_missing_because || "No generation is held.")));
}

// A card with one chart, or with the reason why there is none.
function charted(spec, all, label, make, why) {
  if (!all.length) { card(spec, empty(why)); return; }
  card({numbers: all, ...spec}, chart(label, make));
}

function flows() {
  const links = rows("mart_now_mix").filter((row) => row.kind === "interconnector");
  charted({id: "flows", title: "Interconnectors now", source: "mart_now_mix.power_mw",
    says: now.net_import_mw === null || now.net_import_mw === undefined ? null
      : `Net ${now.net_import_mw < 0 ? "export" : "import"} ${number(Math.abs(now.net_import_mw))} MW. Right: import; left: export.`,
  }, links, "Flow of each interconnector, import positive", () => flowsOption(links), "No flows are held.");
}

function demand() {
  const all = rows("fct_demand");
  charted({id: "demand", title: "Demand against forecast", source: "fct_demand",
    says: "National demand (INDO) and the last forecast (NDF) published before each period began.",
  }, all, "National demand and its forecast", () => linesOption(all, [
    {column: "national_demand_mw", name: "Outturn"},
    {column: "national_demand_forecast_mw", name: "Forecast", lineStyle: {type: "dashed", width: 1.5}},
  ], "MW"), now.demand_missing_because || "No demand is held.");
}

function prices() {
  const all = rows("fct_price_spread");
  charted({id: "prices", title: "System price and market index", source: "fct_price_spread",
    says: "Imbalance price, latest version, against the day's market. Diamonds: the price was revised after it was published.",
  }, all, "System price and market index by settlement period", () => pricesOption(all),
  now.system_price_missing_because || "No prices are held.");
}

function stack() {
  const all = rows("fct_settlement_period_stack");
  const last = all.reduce((latest, row) => (row.start_utc > latest ? row.start_utc : latest), "");
  const period = all.filter((row) => row.start_utc === last);
  const named = period.length ? `Period ${period[0].settlement_period} of ${dayName(period[0].settlement_date)}. ` : "";
  charted({id: "stack", title: "Accepted in the last period", source: "fct_settlement_period_stack",
    says: `${named}Volume by price, before tagging and ranking.`,
  }, period, "Accepted volume by price", () => stackOption(period), now.acceptances_missing_because || "No priced acceptance is held.");
}

function units() {
  const all = rows("mart_top_units");
  const spans = [...new Set(all.map((row) => row.span))];
  const inner = el("div", {});
  const showSpan = (span) => inner.replaceChildren(table(all.filter((row) => row.span === span), [
    {name: "cash_rank", label: "#"}, {name: "national_grid_bm_unit", label: "Unit"}, {name: "bm_unit_name", label: "Name"},
    {name: "offer_volume_mwh", label: "Offers MWh", format: (v) => number(v)},
    {name: "bid_volume_mwh", label: "Bids MWh", format: (v) => number(v)},
    {name: "cashflow_gbp", label: "£ to unit", format: (v) => number(v)},
    {name: "cashflow_gbp", label: "", bar: true},
  ]));
  if (all.length) showSpan(spans[0]);
  card({id: "units", title: "Units with the most cash from balancing", source: "mart_top_units",
    says: all.length ? `Up to ${dayName(all[0].settlement_date_to)}. Balancing Mechanism only, indicative.` : null,
    tabs: spans.length > 1 ? tabs(spans, showSpan) : null,
  }, all.length ? inner : empty(now.acceptances_missing_because || "No priced acceptance is held."));
}

function constraints() {
  const all = rows("fct_constraint_totals");
  const total = all.reduce((sum, row) => sum + (row.cashflow_gbp || 0), 0);
  charted({id: "constraints", title: "Actions flagged for constraints", source: "fct_constraint_totals",
    says: `${number(total)} £ to units in the days shown. The SO flag says possibly: it marks other actions too.`,
  }, all, "Cash of SO-flagged acceptances by day and fuel", () => constraintOption(all), "No SO-flagged acceptance is held.");
}

function frequency() {
  const all = rows("fct_system_frequency"), events = rows("fct_frequency_events");
  charted({id: "frequency", title: "System frequency", source: "fct_system_frequency and fct_frequency_events",
    says: !all.length ? null : events.length ? `${events.length} times beyond 49.8 to 50.2 Hz in the last week held.` : "Never beyond 49.8 to 50.2 Hz in the last week held.",
  }, all, "Lowest, mean and highest frequency of each settlement period", () => frequencyOption(all, events),
  now.frequency_missing_because || "No frequency is held.");
}

function outages() {
  const all = rows("fct_outages");
  const inner = all.length ? table(all, [
    {name: "affected_unit", label: "Unit"}, {name: "bm_unit_name", label: "Name"}, {name: "fuel_type", label: "Fuel"},
    {name: "unavailability_type", label: "Kind"}, {name: "unavailable_capacity_mw", label: "MW", format: (v) => number(v)},
    {name: "unavailable_capacity_mw", label: "", bar: true}, {name: "event_end_utc", label: "Until"},
    {name: "cause", label: "Cause"},
  ]) : empty(now.outages_missing_because || "No outage is active.");
  card({id: "outages", title: "Outages now", wide: true, source: "fct_outages where is_active_now, largest first",
    says: "Reported under REMIT, latest revision of each."}, inner);
}

function carbon() {
  const all = rows("fct_carbon_intensity");
  charted({id: "carbon", title: "Carbon intensity", source: "fct_carbon_intensity",
    says: "Direct emissions of what is supplied, imports included; an estimate from published factors.",
  }, all, "Carbon intensity", () => linesOption(all, [{column: "carbon_intensity_gco2_per_kwh", name: "g CO₂ per kWh"}],
    "g/kWh", 0), now.carbon_missing_because || "No generation is held.");
}

function health() {
  const gaps = rows("data_gaps"), newest = new Map();
  for (const day of rows("quality_scorecard")) if (!newest.has(day.dataset)) newest.set(day.dataset, day);
  const all = rows("dataset_freshness").map((row) => ({...newest.get(row.dataset), ...row}));
  const unexplained = gaps.filter((gap) => gap.kind !== "known absent").length;
  const tests = DATA.tests, failed = tests ? (tests.fail || 0) + (tests.error || 0) : 0;
  const gapWords = unexplained === 0 ? "no gaps in the history" : `${number(unexplained)} gaps in the history`;
  const testWords = !tests ? "tests not run" : [`${number(tests.pass || 0)} tests passed`,
    tests.warn ? `${tests.warn} warned` : null, failed ? `${failed} failed` : null].filter(Boolean).join(", ");
  const state = failed ? "state-bad" : unexplained || !tests ? "state-warn" : "state-good";
  document.getElementById("health-line").append(el("span", {class: state}, "● "), `Data: ${gapWords}, ${testWords}. `,
    el("a", {href: "#health"}, "More"));
  const inner = all.length ? table(all, [
    {name: "dataset", label: "Dataset"}, {name: "title", label: "What"}, {name: "last_event_utc", label: "Newest event"},
    {name: "last_event_utc", label: "Age", format: (v) => (v ? age(v) : "no event")},
    {name: "first_settlement_date", label: "Held from"}, {name: "last_asked_at_utc", label: "Last asked"},
    {name: "periods_missing", label: "Periods missing"}, {name: "settlement_date", label: "Scored day"},
    {name: "completeness_percent", label: "Complete %"}, {name: "timeliness_minutes", label: "Minutes to land"},
    {name: "duplication_percent", label: "Repeated %"}, {name: "validity_percent", label: "Valid %"},
  ]) : empty("Nothing is held.");
  card({id: "health", title: "Health of the data", wide: true, numbers: gaps,
    source: "dataset_freshness, quality_scorecard and data_gaps",
    says: gaps.length ? "The numbers below list each gap with the command that fills it." : null}, inner);
}

document.getElementById("as-of").textContent = `Published ${fullTime.format(at(DATA.published_at_utc))}`;
document.getElementById("attribution").textContent = DATA.attribution;
for (const section of [kpis, generation, flows, demand, prices, stack, units, constraints, frequency, carbon, outages, health]) section();
drawAll();
addEventListener("resize", () => CHARTS.forEach(({drawn}) => drawn && drawn.resize()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
addEventListener("beforeprint", () => CHARTS.forEach(({drawn}) => drawn && drawn.resize()));
