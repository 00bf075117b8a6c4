import Netlink
import RPSTuner

@testable import DataPlane

/// What other programs and people do to a configured host.
struct Vandal {
    var random: SeededGenerator

    /// Some deeds, in words.
    mutating func disturb(_ kernel: FakeKernel) throws -> String {
        let names = InterfaceNames(of: kernel.state.links)
        var words: [String] = []
        for _ in 0..<random.number(1...3) {
            guard let deed = deed(on: kernel.state) else { continue }
            do { try kernel.disturb(deed) } catch { continue }
            words.append(Change(deed).description(names: names))
        }
        return words.joined(separator: "; ")
    }

    private mutating func deed(on state: KernelState) -> Change.Action? {
        let ours: UInt8 = 82
        let enis = state.links.filter { $0.name.hasPrefix("eth") }
        switch random.number(0...8) {
        case 7:
            return random.one(of: enis).map {
                .add(.channels(ChannelSetting(interface: $0.index, ChannelCounts(combined: 1))))
            }
        case 8:
            return random.one(of: enis).map {
                .add(.steering(SteeringSetting(interface: $0.index, .rps(0), .cpus([0]))))
            }
        case 0, 1:
            return random.one(of: state.routes.filter { $0.protocol.rawValue == ours })
                .map { .remove(.route($0)) }
        case 2:
            return random.one(of: state.rules.filter { $0.protocol.rawValue == ours })
                .map { .remove(.rule($0)) }
        case 3:
            return random.one(of: state.addresses.filter { $0.protocol == ours })
                .map { .remove(.address($0)) }
        case 4:
            // `ip address change` erases the mark.
            return random.one(of: state.addresses.filter { $0.protocol == ours }).map {
                var address = $0
                address.protocol = 0
                return .replace(.address($0), with: .address(address))
            }
        case 5:
            return random.one(of: enis.dropFirst()).map {
                .add(.link(LinkSetting(interface: $0.index, .up(false))))
            }
        default:
            return random.one(of: enis).map {
                .add(.link(LinkSetting(interface: $0.index, .group(0))))
            }
        }
    }
}
