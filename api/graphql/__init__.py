"""The GraphQL door: types by hand over rows, each field saying where its value comes from."""
