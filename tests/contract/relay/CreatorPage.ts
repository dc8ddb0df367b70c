// A creator's page as a Relay project has it: fragments on Node types, a list that grows, and a part asked for again.
import { graphql } from "react-relay";

export const page = graphql`
  query CreatorPageQuery($handle: String!) {
    creator(handle: $handle) {
      ...CreatorPage_profile
      ...CreatorPage_contents
    }
  }
`;

export const profile = graphql`
  fragment CreatorPage_profile on Creator @refetchable(queryName: "CreatorPageProfileQuery") {
    id
    name
    bio
    followersCount
    avatar {
      url
    }
  }
`;

export const contents = graphql`
  fragment CreatorPage_contents on Creator
  @refetchable(queryName: "CreatorPageContentsQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" }) {
    contents(first: $count, after: $cursor) @connection(key: "CreatorPage_contents") {
      totalCount
      edges {
        node {
          id
          publishedAt
          ...CreatorPage_card
        }
      }
    }
  }
`;

export const card = graphql`
  fragment CreatorPage_card on Content {
    __typename
    title
    creator {
      name
    }
    ... on Article {
      readingMinutes
    }
    ... on Qna {
      question
    }
  }
`;
