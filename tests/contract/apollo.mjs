// Merges pages as Apollo Client does with relayStylePagination. In: {query, name, pages: [{variables, data}]}, where `name`
// is the list's field in Query. Out: the list as a component sees it after each page.
import { readFileSync } from "node:fs";
import { InMemoryCache, gql } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

const { query: text, name, pages } = JSON.parse(readFileSync(0, "utf8"));
const query = gql(text);
const cache = new InMemoryCache({
  typePolicies: { Query: { fields: { [name]: relayStylePagination(["filter", "order"]) } } },
});

const seen = pages.map(({ variables, data }) => {
  cache.writeQuery({ query, variables, data });
  const list = cache.readQuery({ query, variables: pages[0].variables })[name];
  return { titles: list.edges.map(({ node }) => node.title), pageInfo: list.pageInfo };
});
console.log(JSON.stringify(seen));
