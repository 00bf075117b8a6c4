import Netlink
import Testing

// Literals in tests are right, or the test fails at the line that holds them.

func address(
    _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) throws -> IPAddress {
    try #require(IPAddress(text), sourceLocation: sourceLocation)
}

func prefix(
    _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) throws -> IPPrefix {
    try #require(IPPrefix(text), sourceLocation: sourceLocation)
}
