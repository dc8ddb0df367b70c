"""The GraphiQL page of development: its files come from a public CDN; without a network the page shows how to ask with curl."""

from html import escape

CDN = "https://unpkg.com"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; connect-src 'self'; img-src 'self' data:; font-src data: https://unpkg.com;"
        " style-src 'unsafe-inline' https://unpkg.com; script-src 'unsafe-inline' https://unpkg.com;"
        " worker-src blob:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_QUERY = "{ contents(first: 3) { nodes { __typename id title creator { name } } } }"


def page(base_url: str) -> str:
    """The page as HTML; `base_url` is where curl would ask."""
    body = f'{{"query": "{_QUERY}"}}'
    curl = f"curl {base_url}/graphql \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    return _PAGE.replace("__CDN__", CDN).replace("__CURL__", escape(curl)).replace("__QUERY__", _QUERY)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Headwater GraphQL</title>
<style>
  body { margin: 0; font: 16px/1.6 system-ui, sans-serif; color: #1d2b27; background: #f6f8f7; }
  #graphiql { height: 100vh; }
  main { max-width: 46rem; margin: 0 auto; padding: 3rem 1.5rem; }
  pre { padding: 1rem; overflow: auto; background: #fff; border: 1px solid #d5dedb; border-radius: 6px; }
</style>
<link rel="stylesheet" href="__CDN__/graphiql@3.8.3/graphiql.min.css">
</head>
<body>
<div id="graphiql"><main>
  <h1>Headwater GraphQL</h1>
  <p id="state">The editor is loading from __CDN__ …</p>
  <p>You can ask without it:</p>
  <pre>__CURL__</pre>
  <p>Send a key as <code>-H 'Authorization: Bearer KEY'</code>. The schema is in
     <code>api/graphql/schema.graphql</code>, the guide in <code>docs/graphql/guide.md</code>.</p>
</main></div>
<script src="__CDN__/react@18.2.0/umd/react.production.min.js" crossorigin></script>
<script src="__CDN__/react-dom@18.2.0/umd/react-dom.production.min.js" crossorigin></script>
<script src="__CDN__/graphiql@3.8.3/graphiql.min.js" crossorigin></script>
<script>
  if (window.GraphiQL && window.ReactDOM) {
    const fetcher = GraphiQL.createFetcher({ url: location.pathname });
    const editor = React.createElement(GraphiQL, { fetcher, defaultQuery: "__QUERY__", defaultEditorToolsVisibility: true });
    ReactDOM.createRoot(document.getElementById("graphiql")).render(editor);
  } else {
    document.getElementById("state").textContent =
      "The editor could not be loaded from __CDN__: this page needs a network for it. GraphQL itself answers all the same.";
  }
</script>
</body>
</html>
"""
