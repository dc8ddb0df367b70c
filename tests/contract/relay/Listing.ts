// All contents, walked both ways, from the root; and an object found by its id.
import { graphql } from "react-relay";

export const listing = graphql`
  query ListingQuery($count: Int!, $cursor: String, $filter: ContentFilter) {
    ...Listing_contents @arguments(count: $count, cursor: $cursor, filter: $filter)
  }
`;

export const contents = graphql`
  fragment Listing_contents on Query
  @refetchable(queryName: "ListingPaginationQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
    filter: { type: "ContentFilter" }
    back: { type: "Int" }
    before: { type: "String" }
  ) {
    contents(first: $count, after: $cursor, last: $back, before: $before, filter: $filter)
      @connection(key: "Listing_contents", filters: ["filter"]) {
      edges {
        node {
          id
          title
        }
      }
    }
  }
`;

export const found = graphql`
  query ListingNodeQuery($id: ID!, $ids: [ID!]!) {
    node(id: $id) {
      id
      ... on Product {
        title
      }
    }
    nodes(ids: $ids) {
      id
    }
  }
`;

export const publish = graphql`
  mutation ListingPublishMutation($input: PublishContentInput!) {
    publishContent(input: $input) {
      __typename
      ... on PublishContentPayload {
        content {
          ...CreatorPage_card
        }
      }
      ... on Refused {
        problems {
          code
          message
          path
        }
      }
    }
  }
`;
