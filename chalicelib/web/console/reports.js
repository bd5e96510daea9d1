// The weekly reports as charts, and one report in numbers.
import { useChange, useQuery } from "./api.js";
import { Chart } from "./chart.js";
import { toAddress } from "./csv.js";
import { html } from "./html.js";
import { RowLink } from "./links.js";
import { Action, Empty, Shown, Table, money, runLink, notify } from "./parts.js";
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
  const days = weeks.map(({ from }) => from);
  const whole = (number) => number.toLocaleString();
  const charts = [
    { title: "Revenue", numbers: weeks.map(({ week }) => Number(week.revenue)), say: sum },
    { title: "Orders", numbers: weeks.map(({ week }) => week.orders), isWhole: true, say: whole },
    { title: "New customers", numbers: weeks.map(({ week }) => week.newCustomers), isWhole: true, say: whole },
  ];
  return html`<div class="charts screen-only">${charts.map((chart) => html`
    <figure key=${chart.title}><figcaption>${chart.title} by week</figcaption><${Chart} days=${days} ...${chart} /></figure>`)}</div>`;
}

// On the axis, amounts have no cents.
const sum = (number, isTick) => (isTick ? money(number).replace(/[.,]00(?=\D*$)/, "") : money(number));

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
