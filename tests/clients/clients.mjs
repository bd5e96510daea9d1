// A query, a mutation, a list page by page and an error, with each client, as its users write them.
import { createHash } from "node:crypto";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import { GraphQLClient } from "graphql-request";

const [url] = process.argv.slice(2);
const HELLO = gql`query Hello { hello }`;
const CREATE = gql`mutation Create($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id email } message } }`;
const LIST = gql`
  query List($name: String, $after: String) {
    allCustomers(name: $name, first: 2, after: $after, orderBy: ["name"]) {
      edges { node { name } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

function apollo(link) {
  const client = new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: "no-cache" } } });
  const codes = (error) => error.errors.map((entry) => entry.extensions.code);
  return {
    query: async (query, variables) => (await client.query({ query, variables })).data,
    mutate: async (mutation, variables) => (await client.mutate({ mutation, variables })).data,
    codes,
  };
}

function urql(options) {
  const client = new Client({ url, exchanges: [cacheExchange, fetchExchange], requestPolicy: "network-only", ...options });
  const unpack = ({ data, error }) => {
    if (error) throw error;
    return data;
  };
  return {
    query: async (document, variables) => unpack(await client.query(document, variables)),
    mutate: async (document, variables) => unpack(await client.mutation(document, variables)),
    codes: (error) => error.graphQLErrors.map((entry) => entry.extensions.code),
  };
}

function graphqlRequest() {
  const client = new GraphQLClient(url);
  const send = (document, variables) => client.request(document, variables);
  return { query: send, mutate: send, codes: (error) => error.response.errors.map((entry) => entry.extensions.code) };
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const clients = {
  apollo: apollo(new HttpLink({ uri: url })),
  apolloByHash: apollo(new PersistedQueryLink({ sha256, useGETForHashedQueries: true }).concat(new HttpLink({ uri: url }))),
  urql: urql({ preferGetMethod: false }),
  urqlByGet: urql({ preferGetMethod: "force" }),
  graphqlRequest: graphqlRequest(),
};

async function failure(client, promise) {
  try {
    await promise;
  } catch (error) {
    return client.codes(error);
  }
  return "no error";
}

async function use(name, client) {
  const input = (number) => ({ name: `${name} ${number}`, email: `${name}.${number}@example.com` });
  const { hello } = await client.query(HELLO, {});
  const made = [];
  for (let number = 0; number < 5; number++) {
    made.push((await client.mutate(CREATE, { input: input(number) })).createCustomer.message);
  }
  const pages = [];
  for (let after = null, more = true; more; ) {
    const { edges, pageInfo } = (await client.query(LIST, { name: `${name} `, after })).allCustomers;
    pages.push(edges.map(({ node }) => node.name));
    [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
  }
  return {
    hello,
    made,
    pages,
    duplicate: await failure(client, client.mutate(CREATE, { input: input(0) })),
    cursor: await failure(client, client.query(LIST, { name, after: "nonsense" })),
    invalid: await failure(client, client.query(gql`query Typo { helo }`, {})),
  };
}

const results = {};
for (const [name, client] of Object.entries(clients)) results[name] = await use(name, client);
console.log(JSON.stringify(results));
