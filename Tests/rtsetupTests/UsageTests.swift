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

    @Test("what changes the host takes no file from standard input, exit 77")
    func untrustedInput() throws {
        for arguments in [["apply"], ["apply", "--dry-run"], ["queues", "apply"]] {
            let run = try Subprocess(
                [try Subprocess.rtsetup] + arguments + ["--config", "-"], input: "{")
            #expect(run.status == 77, "\(arguments): \(run.errors)")
            #expect(run.errors.contains("<stdin> is not a regular file"), "\(run.errors)")
        }
    }

    @Test("options without a command are a mistake, exit 64")
    func noCommand() throws {
        for arguments in [["--config", "/x"], ["--quiet"], ["--format", "json"]] {
            let run = try Subprocess([try Subprocess.rtsetup] + arguments)
            #expect(run.status == 64)
            #expect(run.errors.contains("a command is missing"), "\(run.errors)")
            #expect(run.output.isEmpty == !arguments.contains("json"))
        }
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

    @Test(
        "output that cannot be written is exit 74, whatever the form",
        arguments: [
            "plan", "plan --format json", "plan --format shell", "plan --detailed-exitcode",
            "status", "validate --format json", "queues show", "import --kernel", "--version",
            "--help", "plan --help",
        ])
    func lostOutput(command: String) throws {
        let words = command.hasPrefix("--") ? [command] : [command, "$folders"]
        let run = try Subprocess.inNamespace(
            """
            \(try Sandbox.setUp)
            folders=${rtsetup#* }
            \(try Subprocess.rtsetup) \(words.joined(separator: " ")) > /dev/full || echo "exit $?"
            """)
        #expect(run.output == "exit 74\n", "\(run.errors)")
        #expect(run.errors.contains("cannot write standard output: No space left on device"))
    }

    @Test("a reader that goes away is no failure, and a run that fails keeps its own status")
    func goneReader() throws {
        let run = try Subprocess.inNamespace(
            """
            \(try Sandbox.setUp)
            python3 - $rtsetup <<'END'
            import os, signal, subprocess, sys
            for is_ignored, status in ((False, -signal.SIGPIPE), (True, 0)):
                reader, writer = os.pipe()
                os.close(reader)
                done = subprocess.run([*sys.argv[1:], "plan"], stdout=writer, stderr=subprocess.PIPE,
                                      restore_signals=not is_ignored)
                os.close(writer)
                assert (done.returncode, b"cannot write" in done.stderr) == (status, False), done
            END
            rm $dir/a.plist
            $rtsetup plan --format json > /dev/full || echo "exit $?"
            """)
        #expect(run.output == "exit 66\n", "\(run.errors)")
    }

    @Test("validate and plan read a pipe with a warning; apply refuses it")
    func pipes() throws {
        let run = try Subprocess.inNamespace(
            """
            \(try Sandbox.setUp)
            binary=${rtsetup%% *}
            cat $dir/a.plist | $binary validate /dev/stdin
            folders="--state-dir $dir/run --lib-dir $dir/lib --config /dev/stdin"
            (sleep 0.3; cat $dir/a.plist) | $binary plan $folders | tail -n 1
            cat $dir/a.plist | $binary apply $folders || echo "exit $?"
            """)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.hasPrefix("/dev/stdin: valid\nPlan: "), "\(run.output)")
        #expect(run.output.hasSuffix("exit 77\n"))
        let warning = "/dev/stdin:1:1: warning: the file is not a regular file; apply refuses it"
        #expect(run.errors.ranges(of: warning).count == 2, "\(run.errors)")
    }
}
