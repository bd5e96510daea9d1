// The weekly reports as charts, and one report in numbers.
import { useChange, useQuery } from "./api.js";
import { toAddress } from "./csv.js";
import { html, useEffect, useRef } from "./html.js";
import { RowLink } from "./links.js";
import { Action, Empty, Shown, Table, money, runLink, notify } from "./parts.js";
import { useTheme } from "./preferences.js";
import { currency, may, timeZone } from "./session.js";
import { Time } from "./times.js";

const REPORTS = `query Reports {
  reports(first: 53) {
    edges { node {
      period revision from to madeAt revenueChange
      totals { customers orders revenue }
      week { newCustomers orders revenue averageOrder }
      before { newCustomers orders revenue }
      topCustomers { id name revenue count }
      topProducts { id name revenue count }
    } }
  }
}`;
const REMAKE = `mutation Remake($period: String!) { remakeReport(period: $period) { run { job slot } } }`;

export function Reports({ rest: [period] }) {
  const asked = useQuery(REPORTS);
  return html`<h1>Weekly reports</h1>
    <${Shown} of=${asked}>${({ reports }) => {
      const latest = newest(reports.edges.map(({ node }) => node));
      if (latest.length === 0) return html`<${Empty}>No reports yet. The first one is made on Monday. To make one now, <a href="#/jobs/weekly_report">run weekly_report</a>.<//>`;
      const chosen = latest.find((report) => report.period === period) ?? latest[0];
      return html`<${Charts} reports=${latest} /><${One} reports=${latest} report=${chosen} />`;
    }}<//>`;
}

// Keep the latest revision of each week. The list starts with the latest.
const newest = (reports) => reports.filter(({ period }, index) => reports.findIndex((other) => other.period === period) === index);

function Charts({ reports }) {
  const weeks = [...reports].reverse();
  const values = { Revenue: weeks.map(({ week }) => Number(week.revenue)), Orders: weeks.map(({ week }) => week.orders), "New customers": weeks.map(({ week }) => week.newCustomers) };
  const days = weeks.map(({ from }) => Date.parse(from) / 1000);
  return html`<div class="charts screen-only">${Object.entries(values).map(([title, numbers]) => html`
    <figure key=${title}><figcaption>${title} by week</figcaption><${Chart} days=${days} numbers=${numbers} label=${`${title} by week, latest ${numbers.at(-1)}`} /></figure>`)}</div>`;
}

const HALF_WEEK = 3.5 * 86400;
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const WHOLE = [...Array(9).keys()].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));

// Only this page needs the library of the charts.
let library;
function loadLibrary() {
  library ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: "./console/vendor/uplot.js", onload: done, onerror: failed });
    document.head.append(script);
  });
  return library.catch(() => { library = undefined; });
}

function Chart({ days, numbers, label }) {
  const place = useRef();
  const theme = useTheme();
  useEffect(() => {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--ink").trim();
    const line = style.getPropertyValue("--line").trim();
    const accent = style.getPropertyValue("--accent").trim();
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
    const size = () => ({ width: place.current.clientWidth, height: 180 });
    const ticks = days.filter((_, index) => (days.length - 1 - index) % Math.ceil(days.length / 5) === 0);
    const draw = () => new uPlot({
      ...size(),
      legend: { show: false },
      scales: { x: { range: (_, first, last) => [first - HALF_WEEK, last + HALF_WEEK] }, y: { range: (_, __, most) => [0, most * 1.1 || 1] } },
      axes: [{ ...axis, splits: () => ticks, values: (_, at) => at.map((second) => DAY.format(second * 1000)) }, { ...axis, size: 60, incrs: WHOLE }],
      series: [{}, { stroke: accent, fill: `${accent}55`, width: 2, points: { show: false }, paths: uPlot.paths.bars({ size: [0.6, 40] }) }],
    }, [days, numbers], place.current);
    let plot, gone = false;
    const resize = new ResizeObserver(() => plot?.setSize(size()));
    resize.observe(place.current);
    loadLibrary().then(() => { if (!gone && window.uPlot) plot = draw(); });
    return () => { gone = true; resize.disconnect(); plot?.destroy(); };
  }, [days.join(), numbers.join(), theme]);
  return html`<div ref=${place} role="img" aria-label=${label}></div>`;
}

const change = (now, before) => (before ? `${now >= before ? "+" : "−"}${Math.abs(((now - before) / before) * 100).toFixed(1)} %` : "–");

function One({ reports, report }) {
  const { week, before, totals } = report;
  const go = (event) => { location.hash = `#/reports/${event.target.value}`; };
  const remakeReport = useChange(REMAKE);
  const remake = async () => {
    const data = await remakeReport({ period: report.period });
    notify(`Making the report of ${report.period} again`);
    location.hash = runLink(data.remakeReport.run);
  };
  const rows = [
    { name: "Revenue", now: money(week.revenue), before: money(before.revenue), change: change(Number(week.revenue), Number(before.revenue)) },
    { name: "Orders", now: week.orders, before: before.orders, change: change(week.orders, before.orders) },
    { name: "New customers", now: week.newCustomers, before: before.newCustomers, change: change(week.newCustomers, before.newCustomers) },
    { name: "Average order", now: week.averageOrder ? money(week.averageOrder) : "–", before: before.orders ? money(before.revenue / before.orders) : "–", change: "" },
  ];
  return html`
    <section class="card report" aria-labelledby="report-title">
      <div class="row"><h2 id="report-title">Week ${report.period}: ${report.from} to ${report.to}</h2>
        <span class="screen-only"><label for="week">Week</label>
        <select id="week" value=${report.period} onChange=${go}>${reports.map(({ period }) => html`<option value=${period}>${period}</option>`)}</select></span></div>
      <p class="quiet">Made <${Time} at=${report.madeAt} />, revision ${report.revision}${timeZone() && `. The days are those of ${timeZone()}`}</p>
      <${Table} caption="The week" rows=${rows} empty="" columns=${[
        ["", (row) => row.name], ["This week", (row) => row.now, "number"], ["Week before", (row) => row.before, "number"], ["Change", (row) => row.change, "number"]]} />
      <p>At the end of the week: <strong>${totals.customers}</strong> customers, <strong>${totals.orders}</strong> orders, <strong>${money(totals.revenue)}</strong> revenue.</p>
      <div class="columns">
        <div><h3>Top customers</h3><${Top} rows=${report.topCustomers} count="Orders" caption="Top customers" /></div>
        <div><h3>Top products</h3><${Top} rows=${report.topProducts} count="Pieces" caption="Top products" /></div>
      </div>
      <div class="row actions screen-only">
        <a class="button" download=${`report-${report.period}.csv`} href=${toAddress(csv(report))}>Download CSV</a>
        <button onClick=${() => window.print()}>Print</button>
        ${may("OPERATOR") && html`<${Action} act=${remake} label="Make again" />`}
      </div>
    </section>`;
}

const Top = ({ rows, count, caption }) => html`<${Table} caption=${caption} rows=${rows} empty="None this week" columns=${[
  ["Name", (row) => row.name ? html`<${RowLink} row=${row} />` : html`<span class="quiet">deleted (${row.id})</span>`], ["Revenue", (row) => money(row.revenue), "number"], [count, (row) => row.count, "number"]]} />`;

function csv({ period, from, to, totals, week, before, topCustomers, topProducts }) {
  const rows = [
    ["section", "name", "revenue", "orders_or_pieces", "customers", "currency"],
    ["week", `${period} ${from}/${to}`, week.revenue, week.orders, week.newCustomers],
    ["week before", "", before.revenue, before.orders, before.newCustomers],
    ["totals", `until ${to}`, totals.revenue, totals.orders, totals.customers],
    ...topCustomers.map(({ id, name, revenue, count }) => ["top customer", name ?? id, revenue, count, ""]),
    ...topProducts.map(({ id, name, revenue, count }) => ["top product", name ?? id, revenue, count, ""]),
  ];
  return [rows[0], ...rows.slice(1).map((row) => [...row, currency()])];
}
