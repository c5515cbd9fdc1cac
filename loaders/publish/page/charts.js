"use strict";
// What is drawn. Each function names the mart and the columns that it draws; colours are one for a fuel everywhere.

const COLOURS = {
  wind: "#4aa3c7", nuclear: "#e0b534", gas: "#9a8fa8", ccgt: "#9a8fa8", ocgt: "#c9a7b5", coal: "#4d4d4d", oil: "#7a5a52",
  biomass: "#7fa650", hydro: "#2f6fb0", "pumped storage": "#5bb8a9", other: "#b5b5b0", interconnector: "#c46d9a",
};
const SERIES = ["#2f8fb3", "#d98032", "#7fa650", "#a56bb8"];
const ORDER = ["nuclear", "biomass", "hydro", "wind", "gas", "ccgt", "ocgt", "coal", "oil", "other", "pumped storage"];

function colourOf(name, category) {
  const known = (text) => Object.keys(COLOURS).find((key) => (text || "").toLowerCase().includes(key));
  return COLOURS[known(name)] || COLOURS[known(category)] || COLOURS.other;
}

const place = (name) => {
  const at = ORDER.findIndex((key) => name.toLowerCase().includes(key));
  return at < 0 ? ORDER.length : at;
};

// Every series in two, so that what is stored or exported stacks below zero and nothing jumps across it.
function mixOption(all) {
  const times = [...new Set(all.map((row) => row.start_utc))];
  const where = new Map(times.map((time, i) => [time, i]));
  const fuels = [...new Map(all.map((row) => [row.fuel_name, row.category]))].sort((a, b) => place(a[0]) - place(b[0]));
  const series = fuels.flatMap(([name, category]) => {
    const values = times.map(() => null);
    for (const row of all) if (row.fuel_name === name) values[where.get(row.start_utc)] = row.generation_mw;
    const part = (stack, keep) => ({
      name, type: "line", stack, stackStrategy: "all", symbol: "none", lineStyle: {width: 0}, areaStyle: {opacity: 0.92},
      color: colourOf(name, category), connectNulls: false, emphasis: {disabled: true},
      data: times.map((time, i) => [time, values[i] === null ? null : keep(values[i])]),
    });
    const both = [part("out", (v) => Math.max(v, 0))];
    if (values.some((v) => v !== null && v < 0)) both.push({...part("in", (v) => Math.min(v, 0)), tooltip: {show: true}});
    return both;
  });
  return {series, legend: {...common().legend, data: fuels.map(([name]) => name)},
    xAxis: timeAxis(), yAxis: valueAxis("MW"), tooltip: mixTooltip()};
}

// One line for each fuel, though it is drawn as two series.
function mixTooltip() {
  const shownBy = (points) => {
    const sums = new Map();
    for (const {seriesName, value, color} of points) {
      const [sum] = sums.get(seriesName) || [null];
      sums.set(seriesName, [value[1] === null ? sum : (sum || 0) + value[1], color]);
    }
    return el("div", {}, el("strong", {}, dayAndClock.format(points[0].axisValue)),
      [...sums].filter(([, [mw]]) => mw !== 0).reverse().map(([name, [mw, colour]]) => el("div", {},
        el("span", {style: `color:${colour}`}, "■ "), `${name}: ${mw === null ? "missing" : `${number(mw)} MW`}`)));
  };
  return {...tooltip("MW"), formatter: shownBy};
}

function linesOption(all, lines, unit, decimals = 0, extra = {}) {
  return {
    xAxis: timeAxis(), yAxis: valueAxis(unit, {scale: true, ...extra.yAxis}), tooltip: tooltip(unit, decimals),
    series: lines.map(({column, name, ...rest}, i) => ({
      name, type: "line", symbol: "none", color: SERIES[i], lineStyle: {width: 1.8}, connectNulls: false,
      data: all.map((row) => [row.start_utc, row[column]]), ...rest,
    })),
    ...extra.option,
  };
}

function pricesOption(all) {
  const revised = all.filter((row) => row.revision_count > 0 && row.system_price_gbp_per_mwh !== null);
  const option = linesOption(all, [
    {column: "system_price_gbp_per_mwh", name: "System price", step: "end"},
    {column: "market_index_price_gbp_per_mwh", name: "Market index", step: "end"},
  ], "£/MWh", 2);
  if (revised.length) {
    option.series.push({name: "Revised after publication", type: "scatter", symbol: "diamond", symbolSize: 8, color: SERIES[3],
      data: revised.map((row) => [row.start_utc, row.system_price_gbp_per_mwh])});
  }
  return option;
}

// Volume from the cheapest price to the dearest: offers to the right, bids to the left.
function stackOption(all) {
  const steps = (side) => all.filter((row) => row.side === side && row.price_gbp_per_mwh !== null)
    .sort((a, b) => Math.abs(a.cumulative_volume_mwh) - Math.abs(b.cumulative_volume_mwh));
  const points = (side) => {
    const rowsOf = steps(side);
    if (!rowsOf.length) return [];
    return [[0, rowsOf[0].price_gbp_per_mwh], ...rowsOf.map((row) => [row.cumulative_volume_mwh, row.price_gbp_per_mwh])];
  };
  const line = (side, name, colour) => ({name, type: "line", step: "start", symbol: "none", color: colour,
    areaStyle: {opacity: 0.18}, data: points(side)});
  return {
    xAxis: valueAxis("MWh", {nameLocation: "middle", nameGap: 26, axisLine: {onZero: false}}),
    yAxis: valueAxis("£/MWh", {axisLine: {show: true, lineStyle: {color: css("--line")}}}),
    grid: {...common().grid, bottom: 26}, tooltip: {...tooltip("£/MWh", 2), axisPointer: {label: {formatter: ({value}) => `${number(value)} MWh`}}},
    series: [line("BID", "Bids: sold back", SERIES[1]), line("OFFER", "Offers: bought", SERIES[0])],
  };
}

function flowsOption(links) {
  const sorted = [...links].sort((a, b) => a.power_mw - b.power_mw);
  return {
    grid: {...common().grid, top: 8, right: 30}, legend: {show: false}, tooltip: tooltip("MW"),
    xAxis: valueAxis("", {}), yAxis: {type: "category", data: sorted.map((row) => `${row.name}, ${row.country}`),
      axisLabel: {color: css("--ink"), fontSize: 11}, axisTick: {show: false}, axisLine: {lineStyle: {color: css("--line")}}},
    series: [{type: "bar", name: "Flow", barMaxWidth: 16, data: sorted.map((row) => ({value: row.power_mw,
      itemStyle: {color: row.power_mw < 0 ? SERIES[1] : SERIES[0]}}))}],
  };
}

function constraintOption(all) {
  const days = [...new Set(all.map((row) => row.settlement_date))];
  const fuels = [...new Set(all.map((row) => row.fuel_type || "unknown"))];
  return {
    xAxis: {type: "category", data: days.map((day) => dayName(day)), axisLabel: {color: css("--soft"), fontSize: 11},
      axisLine: {lineStyle: {color: css("--line")}}},
    yAxis: valueAxis("£ to units"), tooltip: tooltip("£"),
    series: fuels.map((fuel) => ({name: fuel, type: "bar", stack: "cost", barMaxWidth: 40, color: colourOf(fuel),
      data: days.map((day) => {
        const found = all.find((row) => row.settlement_date === day && (row.fuel_type || "unknown") === fuel);
        return found ? found.cashflow_gbp : null;
      })})),
  };
}

function frequencyOption(all, events) {
  const option = linesOption(all, [
    {column: "max_frequency_hz", name: "highest", lineStyle: {width: 1}, color: SERIES[1]},
    {column: "mean_frequency_hz", name: "mean of the period", color: SERIES[0]},
    {column: "min_frequency_hz", name: "lowest", lineStyle: {width: 1}, color: SERIES[3]},
  ], "Hz", 3);
  option.series[1].markLine = {symbol: "none", silent: true, label: {show: false}, lineStyle: {color: css("--bad"), type: "dotted"},
    data: [{yAxis: 49.8}, {yAxis: 50.2}]};
  option.series[1].markArea = {silent: true, itemStyle: {color: css("--bad"), opacity: 0.25},
    data: events.map((event) => [{xAxis: event.start_utc}, {xAxis: event.end_utc}])};
  return option;
}
