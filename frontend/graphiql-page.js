// GraphiQL for the API at this address, with examples and a header for the API key.
const headers = JSON.stringify({ Authorization: "Bearer <your key; not needed under chalice local>" }, null, 2);

const examples = [
  `# Products low on stock, lowest first. Press Ctrl-Enter to run it.
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
  `# The state of the jobs
query Jobs {
  jobs { name scheduleText state lastRun nextRun problems }
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

// Ignore the placeholder of a key. GraphiQL asks for the schema without the tab's headers, so use those sent last.
let lastUsed = {};
const usable = (given) => {
  const kept = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => !String(value).includes("<your key")));
  if (kept.Authorization) lastUsed = { Authorization: kept.Authorization };
  return { ...lastUsed, ...kept };
};

// GraphiQL's history includes headers, so remove keys from what the browser stores.
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
