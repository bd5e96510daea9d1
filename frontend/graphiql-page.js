// The page: GraphiQL over this address, with examples and the header for a key.
const headers = JSON.stringify({ Authorization: "Bearer <your key; not needed under chalice local>" }, null, 2);

const examples = [
  `# Low on stock, the lowest first. Ctrl-Enter runs it.
query LowStock {
  lowStockProducts(first: 10) {
    edges { node { id name price stock } }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  `# The latest orders with their customers and lines
query LatestOrders {
  allOrders(orderBy: "-orderDate", first: 10) {
    edges {
      node {
        id orderDate totalAmount status
        customer { name email }
        lines { name quantity lineTotal }
      }
    }
  }
}
`,
  `# How the jobs are doing
query Jobs {
  jobs { name scheduleText state lastRun nextRun complaints }
}

query Runs {
  jobRuns(job: "heartbeat", first: 5) {
    edges { node { slot status durationSeconds lines } }
  }
}

mutation TryRestock {
  runJob(name: "low_stock", dryRun: true) {
    preview { summary lines more }
  }
}
`,
  `mutation NewCustomer {
  createCustomer(input: { name: "Ann Lee", email: "ann.lee@example.com", phone: "+4930123456" }) {
    customer { id createdAt }
    message
  }
}
`,
];

// A key that was left as it stands is none. The schema is asked for without the tab's headers: it gets those used last.
let lastUsed = {};
const usable = (given) => {
  const kept = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => !String(value).includes("<your key")));
  if (kept.Authorization) lastUsed = { Authorization: kept.Authorization };
  return { ...lastUsed, ...kept };
};

// The history has the headers of what was run, so keys are taken out of what the browser stores.
const storage = {
  getItem: (name) => localStorage.getItem(name),
  setItem: (name, value) => localStorage.setItem(name, String(value).replace(/crm_[0-9a-z]+_[\w-]+/g, "")),
  removeItem: (name) => localStorage.removeItem(name),
  clear: () => localStorage.clear(),
};

async function fetcher(params, options = {}) {
  const response = await fetch(location.pathname, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json", ...usable(options.headers) },
    body: JSON.stringify(params),
  });
  return response.json();
}

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultEditorToolsVisibility: "headers",
    defaultHeaders: headers,
    defaultTabs: examples.map((query) => ({ query, headers })),
    shouldPersistHeaders: false,
    storage,
  }),
);
