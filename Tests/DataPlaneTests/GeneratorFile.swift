import Netlink

/// A file as a person might write it, open for edits.
struct GeneratedFile {
    struct Interface {
        var name: String
        /// Its place in the host; decides its default subnet.
        var number: Int
        var isPrimary = false
        var isManaged = true
        var isExternal = false
        var addresses: [String] = []
        var gateways: [String] = []
        var gatewayOnLink = false
        var table: Int?
        var routeMetric: String?
        var mainRoutes: String?
        var ruleSource: String?
        var failClosed: String?
        var mtu: Int?
        var routes: [String] = []
        /// The inside of `Queues`.
        var queues: String?

        /// As an entry of `Interfaces`.
        var text: String {
            var keys = ["Name = \(name)"]
            if isPrimary { keys.append("Primary = YES") }
            if !isManaged { keys.append("Managed = NO") }
            if isExternal { keys.append("Addressing = external") }
            let quoted = addresses.map { "\"\($0)\"" }.joined(separator: ", ")
            if !addresses.isEmpty { keys.append("Addresses = ( \(quoted) )") }
            if !gateways.isEmpty {
                let quoted = gateways.map { "\"\($0)\"" }.joined(separator: ", ")
                keys.append("Gateway = ( \(quoted) )")
            }
            if gatewayOnLink { keys.append("GatewayOnLink = YES") }
            func add(_ key: String, _ value: Any?) {
                if let value { keys.append("\(key) = \(value)") }
            }
            add("Table", table)
            add("RouteMetric", routeMetric)
            add("MainRoutes", mainRoutes)
            add("RuleSource", ruleSource)
            add("FailClosed", failClosed)
            add("MTU", mtu)
            if !routes.isEmpty { keys.append("Routes = ( \(routes.joined(separator: ", ")) )") }
            if let queues { keys.append("Queues = { \(queues) }") }
            return "{ " + keys.joined(separator: "; ") + "; }"
        }
    }

    var interfaces: [Interface]

    var text: String {
        "{ Version = 1; Interfaces = (\n    "
            + interfaces.map(\.text).joined(separator: ",\n    ") + "\n); }"
    }
}
