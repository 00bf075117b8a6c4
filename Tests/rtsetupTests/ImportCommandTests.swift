import Testing

@testable import rtsetup

@Suite("import") struct ImportCommandTests {
    /// A file of theirs in a folder that goes away, and `import` of it.
    private func imported(_ name: String, _ text: String, _ arguments: String) throws -> Subprocess
    {
        try Subprocess(
            ["sh", "-eu"],
            input: """
                dir=$(mktemp -d)
                trap 'rm -rf "$dir"' EXIT
                cat > "$dir/\(name)" <<'END'
                \(text)
                END
                cd "$dir"
                \(try Subprocess.rtsetup) import \(arguments)
                """)
    }

    private let ifcfg = "DEVICE=eth1\nIPADDR=10.0.0.20\nPREFIX=24\nDNS1=10.0.0.2"

    @Test("prints a file that validate takes, with a comment for what is left out")
    func prints() throws {
        let run = try imported("ifcfg-eth1", ifcfg, ".")
        #expect(run.output.contains(#"Addresses = ( "10.0.0.20/24" );"#))
        #expect(
            run.output.contains("// ./ifcfg-eth1:4: DNS1=10.0.0.2: rtsetup does not set up DNS"))
        let check = try Subprocess.rtsetup("validate", "-", input: run.output)
        #expect(check.status == 0, "\(check.errors)")
    }

    @Test("has the file and its comments in JSON")
    func json() throws {
        let run = try imported("ifcfg-eth1", ifcfg, "ifcfg-eth1 --format json")
        #expect(run.status == 0)
        #expect(run.output.hasPrefix(#"{"version":1,"file":"{\n    // Made by"#))
        #expect(run.output.contains(#""ifcfg-eth1:4: DNS1=10.0.0.2: rtsetup does not set up DNS""#))
    }

    @Test("reads a file of any name as what it is told to be")
    func format() throws {
        let run = try imported("x", ifcfg, "x --from ifcfg")
        #expect(run.status == 0)
        #expect(run.output.contains("Name = eth1;"))
    }

    @Test("has exit 66 for a path that is not there, and prints nothing")
    func absent() throws {
        let run = try Subprocess.rtsetup("import", "/nonexistent")
        #expect(run.status == 66)
        #expect(run.output.isEmpty)
        #expect(run.errors == "error: /nonexistent: there is no such file\n")
    }

    @Test(
        "has exit 65 where nothing describes an interface, and says what there was",
        arguments: [("x", "#!/bin/sh\necho"), ("sysctl.conf", "net.core.somaxconn = 5"), ("x", "")])
    func nothing(name: String, text: String) throws {
        let run = try imported(name, text, name)
        #expect(run.status == 65)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("error: nothing there describes an interface"))
        #expect(run.errors.contains("warning: \(name):") || run.errors.contains("\(name): not"))
    }
}
