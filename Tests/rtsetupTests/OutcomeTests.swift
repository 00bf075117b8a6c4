import Netlink
import Plist
import SystemPackage
import Testing

@testable import DataPlane
@testable import rtsetup

struct OutcomeTests {
    /// 15 changes, the last of which the kernel refuses.
    private static func outcome(_ result: Outcome.Result, undone: Int = 14) -> Outcome {
        let memory = Memory()
        let desired = DesiredState(nothingButKernelRules: KernelState(), memory: memory)
        var plan = Plan(from: KernelState(), to: desired, memory: memory)
        plan.changes =
            (1...14).map {
                Change(.add(.address(Sample.address("10.0.0.\($0)", 24))), owner: 12)
            } + [
                Change(
                    .add(.route(Sample.route("10.8.0.0/16", via: "10.0.0.254"))), owner: 12,
                    origin: SourceLocation(
                        file: "/etc/rtsetup/rtsetup.plist", line: 17, column: 26))
            ]
        return Outcome(
            result: result, plan: plan, links: Sample.links, warnings: [],
            durations: Durations(), undoneCount: undone)
    }

    private static let refusal = Outcome.Failure.refused(
        14,
        KernelError(
            "add route", .networkUnreachable, message: "Nexthop has invalid gateway"))

    @Test("a refusal reads as the specification shows it")
    func refusal() {
        let printout = OutcomePrintout(Self.outcome(.undone(Self.refusal)))
        #expect(printout.status == .undone)
        #expect(
            printout.errors == """
                error: cannot add route 10.8.0.0/16 via 10.0.0.254 table 1001: \
                Network is unreachable (errno 101): Nexthop has invalid gateway
                  wanted by /etc/rtsetup/rtsetup.plist:17:26
                  14 earlier changes were undone; the kernel is as it was

                """)
        #expect(
            printout.json.text.hasSuffix(
                #""result":"undone","durationMicroseconds":{"read":0,"observe":0,"plan":0,"#
                    + #""perform":0,"verify":0},"error":{"change":14,"errno":"ENETUNREACH","#
                    + #""message":"cannot add route 10.8.0.0/16 via 10.0.0.254 table 1001: "#
                    + #"Network is unreachable (errno 101): Nexthop has invalid gateway","#
                    + #""location":{"file":"/etc/rtsetup/rtsetup.plist","line":17,"column":26}}}"#))
    }

    @Test(
        "how many changes were undone is said in good English",
        arguments: [
            (0, "  the kernel is as it was\n"),
            (1, "  1 earlier change was undone; the kernel is as it was\n"),
            (2, "  2 earlier changes were undone; the kernel is as it was\n"),
        ])
    func count(undone: Int, line: String) throws {
        let outcome = Self.outcome(.undone(.interrupted(before: undone)), undone: undone)
        #expect(OutcomePrintout(outcome).errors == "error: interrupted by a signal\n" + line)
    }

    @Test("what could not be undone is listed with the commands that would")
    func stuck() {
        let change = Change(.remove(.address(Sample.address("10.0.0.9", 24))), owner: 12)
        let error = KernelError("remove address", .permissionDenied, message: "not now")
        let left = [Outcome.Remnant(change: change, error: error)]
        let printout = OutcomePrintout(Self.outcome(.stuck(Self.refusal, left: left)))
        #expect(printout.status == .stuck)
        #expect(
            printout.errors?.hasSuffix(
                "  not everything could be undone; these commands would undo the rest:\n"
                    + "    ip address del 10.0.0.9/24 dev eth1  # \(error.reason)\n") == true)
        #expect(
            printout.json.text.hasSuffix(
                #""left":[{"text":"remove address 10.0.0.9/24","#
                    + #""command":"ip address del 10.0.0.9/24 dev eth1","#
                    + #""error":"\#(error.reason)"}]}"#))
    }

    @Test("what is missing after all was taken is named, but never thousands of lines")
    func notConverged() {
        let differences = Self.outcome(.applied).plan.changes
        let text = OutcomePrintout(Self.outcome(.undone(.notConverged(differences)))).errors
        #expect(
            text?.hasPrefix(
                "error: the kernel took every change, but these are still to do: "
                    + "add address 10.0.0.1/24, add address 10.0.0.2/24, ") == true)
        #expect(text?.contains("add address 10.0.0.5/24, 10 more\n") == true)
    }

    @Test("success shows the changes; nothing to do says so")
    func success() {
        let applied = OutcomePrintout(Self.outcome(.applied))
        #expect(applied.status == .done)
        #expect(applied.errors == nil)
        #expect(
            applied.text(isColored: false).hasSuffix(
                "\nPlan: 15 to add, 0 to change, 0 to remove.\nApplied.\n"))
        var nothing = Self.outcome(.unchanged)
        nothing.plan.changes = []
        #expect(OutcomePrintout(nothing).text(isColored: false) == "Nothing to do.\n")
        #expect(OutcomePrintout(nothing).json.text.contains(#""result":"unchanged""#))
    }
}
