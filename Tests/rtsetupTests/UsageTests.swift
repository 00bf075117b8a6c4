import Plist
import Testing

@testable import rtsetup

/// The built binary without a kernel: arguments, files, exit codes.
struct UsageTests {
    @Test("--version prints one line, also behind a command")
    func version() throws {
        for run in [
            try Subprocess.rtsetup("--version"), try Subprocess.rtsetup("plan", "--version"),
        ] {
            #expect(run.status == 0)
            #expect(run.output == "rtsetup \(Version.current)\n")
        }
    }

    @Test(
        "wrong usage is exit 64",
        arguments: [
            ["frobnicate"], ["plan", "--bogus"], ["plan", "--format", "yaml"],
            ["apply", "--format", "shell"], ["apply", "--lock-timeout", "-1"],
            ["plan", "--color", "blue"], ["validate", "a", "b"], [], ["import"],
            ["import", "--kernel", "a"], ["import", "--from", "netplan", "a"],
        ])
    func usage(arguments: [String]) throws {
        let run = try Subprocess([try Subprocess.rtsetup] + arguments)
        #expect(run.status == 64)
        #expect(run.output.isEmpty)
        #expect(!run.errors.isEmpty)
    }

    @Test("wrong usage is a JSON object for those who asked for JSON")
    func usageJSON() throws {
        for format in [["--format", "json"], ["--format=json"]] {
            let run = try Subprocess([try Subprocess.rtsetup, "plan"] + format + ["--bogus"])
            #expect(run.status == 64)
            #expect(run.output.hasPrefix(#"{"version":1,"error":{"exit":64,"diagnostics":[{"#))
            #expect(run.errors.contains("--bogus"))
        }
    }

    @Test("global options stand before the command or behind it")
    func position() throws {
        for arguments in [
            ["--config", "/nonexistent", "--format", "json", "validate"],
            ["validate", "--config", "/nonexistent", "--format", "json"],
            ["--config", "/nonexistent", "validate", "--format", "json"],
        ] {
            let run = try Subprocess([try Subprocess.rtsetup] + arguments)
            #expect(run.status == 66)
            #expect(run.errors == "error: /nonexistent: there is no such file\n")
            #expect(
                run.output
                    == #"{"version":1,"error":{"exit":66,"diagnostics":[{"severity":"error","#
                    + #""location":null,"keyPath":"","#
                    + #""message":"/nonexistent: there is no such file"}]}}"# + "\n")
        }
    }

    @Test("validate reads standard input, and says that the file is valid")
    func validate() throws {
        let file =
            #"{ Version = 1; Interfaces = ( { Name = eth0; Addresses = ("10.0.0.1/24"); } ); }"#
        var run = try Subprocess.rtsetup("validate", "-", input: file)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output == "<stdin>: valid\n")
        run = try Subprocess.rtsetup("validate", "-", "--quiet", input: file)
        #expect(run.status == 0)
        #expect(run.output.isEmpty)
        run = try Subprocess.rtsetup("validate", "-", "--format", "json", input: file)
        #expect(run.output == #"{"version":1,"files":["<stdin>"],"warnings":[]}"# + "\n")
    }

    @Test("every problem of a wrong file is told with its line and a caret, exit 65")
    func wrongFile() throws {
        let file = """
            {
                Version = 1;
                Interfaces = ( { Name = eth0; Adresses = ( "10.0.0.1/24" ); MTU = 1; } );
            }
            """
        var run = try Subprocess.rtsetup("validate", "-", input: file)
        #expect(run.status == 65)
        #expect(run.output.isEmpty)
        #expect(
            run.errors.contains(
                "<stdin>:3:35: error: unknown key 'Adresses'; did you mean 'Addresses'?\n"))
        #expect(run.errors.contains("\n" + String(repeating: " ", count: 34) + "^\n"))
        #expect(run.errors.contains("<stdin>:3:71: error: "))
        run = try Subprocess.rtsetup("validate", "-", "--format", "json", input: file)
        #expect(run.status == 65)
        #expect(
            run.output.hasPrefix(
                #"{"version":1,"error":{"exit":65,"diagnostics":[{"severity":"error","#
                    + #""location":{"file":"<stdin>","line":3,"column":35},"#))
    }
}
