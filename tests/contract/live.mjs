// A live room followed by the public clients of both protocols until so many events came, whatever happens to the server.
// Says "half" when both have half of them; then what each was told, as JSON.
import { createRequire } from "node:module";

const [packages, origin, id, after, wanted, key] = process.argv.slice(2);
const require = createRequire(`${packages}/`);
const overWebSocket = require("graphql-ws").createClient;
const overEvents = require("graphql-sse").createClient;

const query = `subscription ($id: ID!, $after: String) {
  liveRoom(contentId: $id, after: $after) { cursor ... on LiveViewersChanged { viewersCount } }
}`;
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));
const closes = [];
const clients = {
  ws: overWebSocket({
    url: `${origin.replace("http", "ws")}/graphql`,
    webSocketImpl: require("ws"),
    connectionParams: { Authorization: `Bearer ${key}` },
    retryAttempts: 100,
    retryWait: soon,
    shouldRetry: () => true,
    on: { closed: (event) => event.code && closes.push(event.code) },
  }),
  sse: overEvents({
    url: `${origin}/graphql/stream`,
    headers: { Authorization: `Bearer ${key}` },
    retryAttempts: 100,
    retry: soon,
  }),
};

const told = { ws: [], sse: [] };
const half = () => Object.values(told).every((counts) => counts.length >= wanted / 2);
let wasHalf = false;

const follow = (name) =>
  new Promise((resolve, reject) => {
    // clients send the variables again when they connect again: with the cursor of what came last
    const variables = { id, after };
    const done = clients[name].subscribe(
      { query, variables },
      {
        next: (answer) => {
          if (answer.errors) return reject(new Error(JSON.stringify(answer.errors)));
          const event = answer.data.liveRoom;
          variables.after = event.cursor;
          told[name].push(event.viewersCount);
          if (half() && !wasHalf) {
            wasHalf = true;
            console.log("half");
          }
          if (told[name].length >= wanted) done();
        },
        error: reject,
        complete: resolve,
      },
    );
  });

const refused = new Promise((resolve, reject) =>
  clients.ws.subscribe({ query: "subscription { nothing }" }, { next: reject, error: resolve, complete: reject }),
);
await Promise.all([follow("ws"), follow("sse")]);
const answer = await clients.sse.iterate({ query: "{ viewer { account { name } } }" }).next();
const [error] = await refused;
console.log(JSON.stringify({ ...told, closes: [...closes], name: answer.value.data.viewer.account.name, refused: error.extensions.code }));
await clients.ws.dispose();
clients.sse.dispose();
