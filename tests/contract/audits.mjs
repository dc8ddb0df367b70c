// The public server audits of GraphQL over HTTP, run against the address that is given; the results as JSON.
import { createRequire } from "node:module";

const [packages, url] = process.argv.slice(2);
const { auditServer } = createRequire(`${packages}/`)("graphql-http");

const results = await auditServer({ url });
console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
