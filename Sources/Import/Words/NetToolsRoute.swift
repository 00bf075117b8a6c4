import Netlink

/// net-tools' `route add`, which the older guides use.
enum NetToolsRoute {
    static func read(
        _ words: ArraySlice<String>, origin: Origin
    ) throws(WordProblem) -> IPCommand {
        var words = words
        var family = AddressFamily.ipv4
        var isHost = false
        var mask: UInt8?
        var target: String?
        var hop = ImportedRoute.Hop()
        var metric: UInt32?
        var ignored: [String] = []
        var verb: String?
        var type = RouteType.unicast
        while let word = words.popFirst() {
            switch word {
            case "-A", "--inet6", "-6":
                if word == "-A", words.popFirst() != "inet6" { break }
                family = .ipv6
            case "-net": break
            case "-host": isHost = true
            case "netmask":
                guard let length = words.popFirst().flatMap(maskLength) else {
                    throw WordProblem("no netmask that is one")
                }
                mask = length
            case "gw":
                guard let gateway = words.popFirst().flatMap(IPAddress.withZone) else {
                    throw WordProblem("gw is no address")
                }
                hop.gateway = gateway
            case "metric":
                guard let number: UInt32 = words.popFirst().flatMap(wordNumber) else {
                    throw WordProblem("metric is no number")
                }
                metric = number
            case "dev": hop.device = words.popFirst()
            case "reject": type = .unreachable
            case "mss", "window", "irtt": ignored.append("\(word) \(words.popFirst() ?? "")")
            case "mod", "dyn", "reinstate": ignored.append(word)
            case _ where verb == nil: verb = word
            case _ where target == nil: target = word
            case _ where words.isEmpty && hop.device == nil: hop.device = word
            default: throw WordProblem("'\(word)' is not understood")
            }
        }
        guard verb == "add" else {
            return .notCarriedOver("rtsetup removes what it made by itself; not executed")
        }
        guard let target else { throw WordProblem("no destination is given") }
        var route = ImportedRoute(
            destination: try destination(target, family, mask, isHost: isHost), origin: origin)
        route.type = type
        // net-tools' metric 0 and none are one.
        route.metric = metric
        if type == .unicast { route.hops = [hop] }
        return .route(route, ignored: ignored)
    }

    private static func destination(
        _ text: String, _ family: AddressFamily, _ mask: UInt8?, isHost: Bool
    ) throws(WordProblem) -> IPPrefix {
        if text == "default" { return .default(family) }
        guard let (address, length) = IPPrefix.parse(text) else {
            throw WordProblem("'\(text)' is no destination")
        }
        if address.isUnspecified, mask == nil || mask == 0 { return .default(address.family) }
        let wanted =
            if text.contains("/") {
                length
            } else if let mask, !isHost {
                mask
            } else {
                isHost ? address.family.bitWidth : classfulLength(ofNetwork: address)
            }
        let prefix = IPPrefix(address, length: wanted)
        guard prefix.address == address else {
            throw WordProblem("the destination \(text) has host bits set")
        }
        return prefix
    }

    /// A host where bits behind the class's mask are set.
    private static func classfulLength(ofNetwork address: IPAddress) -> UInt8 {
        let length = address.classfulLength
        return IPPrefix(address, length: length).address == address
            ? length : address.family.bitWidth
    }
}

extension IPAddress {
    /// What a tool takes that is told no mask: the class's, and 64 for IPv6.
    var classfulLength: UInt8 {
        guard family == .ipv4 else { return 64 }
        return switch bits >> 24 {
        case 0..<128: 8
        case 128..<192: 16
        default: 24
        }
    }
}

/// The length that `255.255.255.0` or `24` means; nil where the bits are no mask.
func maskLength(_ text: String) -> UInt8? {
    if let length: UInt8 = wordNumber(text), !text.contains(".") {
        return length <= 128 ? length : nil
    }
    guard let mask = IPAddress(text) else { return nil }
    let width = UInt128(mask.family.bitWidth)
    let ones = mask.bits.nonzeroBitCount
    let expected: UInt128 =
        ones == 0
        ? 0 : (UInt128.max >> (128 - UInt128(ones))) << (width - UInt128(ones))
    return mask.bits == expected ? UInt8(ones) : nil
}
