/// What `--version` says, of each of our programs.
package enum Version {
    package static let current = "0.1.0"
}
