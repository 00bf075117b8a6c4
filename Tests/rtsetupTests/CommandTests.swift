import Testing

@testable import rtsetup

/// The built binary on a namespace's kernel.
struct CommandTests {
    private func run(_ script: String) throws -> Subprocess {
        try Subprocess.inNamespace(try Sandbox.setUp + script)
    }

    @Test("plan, apply, apply again, status and teardown say what they do")
    func lifeCycle() throws {
        let run = try run(
            """
            before=$(dumps)
            code=0; $rtsetup plan --detailed-exitcode > $dir/plan || code=$?; echo "plan $code"
            $rtsetup apply > $dir/apply
            { cat $dir/plan; echo Applied.; } | cmp - $dir/apply
            cat $dir/plan
            $rtsetup --verbose apply
            $rtsetup plan --detailed-exitcode
            $rtsetup status --detailed-exitcode
            ip rule del from 10.0.0.30 lookup 1001
            code=0; $rtsetup status --detailed-exitcode || code=$?; echo "status $code"
            $rtsetup teardown --dry-run > $dir/dry
            $rtsetup teardown > $dir/teardown
            { cat $dir/dry; echo Applied.; } | cmp - $dir/teardown
            [ "$before" = "$(dumps)" ] || { echo "$before"; echo ---; dumps; exit 9; }
            $rtsetup teardown
            """)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        #expect(run.output.hasPrefix("plan 2\nhost\n  + rule    20000: from all lookup main "))
        for line in [
            "eth1  00:16:3e:12:e7:01\n", "  + address 10.0.0.30/24\n",
            "  ~ link    mtu 1500 -> 1450\n",
            "  + route   default via 10.0.0.253 table 1001\n",
            "  + route   default via 10.0.0.253 metric 1001\n",
            "  + rule    20001: from 10.0.0.30 lookup 1001\n",
            "  ~ sysctl  net.ipv4.conf.eth1.rp_filter 0 -> 2\n",
            "Nothing to do.\nNothing to do.\nhost\n",
            "eth1  00:16:3e:12:e7:01  table 1001  as configured\n",
            "  = address 10.0.0.20/24\n", "  * address 10.0.0.19/24 (foreign)\n",
            "eth1  00:16:3e:12:e7:01  table 1001  1 difference\n", "status 2\n",
        ] {
            #expect(run.output.contains(line), "\(line) is not in \(run.output)")
        }
        #expect(run.output.hasSuffix("\nNothing to do.\n"))
        for stage in ["read ", "observe ", "plan "] { #expect(run.errors.contains(stage)) }
    }

    @Test("the shell script of a plan leaves what apply leaves, but for the addresses' marks")
    func shell() throws {
        let run = try run(
            """
            $rtsetup plan --format shell > $dir/plan.sh
            sh -n $dir/plan.sh
            $rtsetup apply --quiet
            applied=$(dumps)
            $rtsetup teardown --quiet
            sh $dir/plan.sh
            [ "$applied" = "$(dumps)" ] || { echo "$applied"; echo ---; dumps; exit 9; }
            """)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test("a refusal is told in the kernel's words, with its line, and undone: exit 1")
    func refusal() throws {
        let run = try run(
            """
            sed -i 's/"10.0.0.254";/"10.0.0.254"; Scope = host;/' $dir/a.plist
            before=$(dumps)
            code=0; $rtsetup apply || code=$?; echo "exit $code"
            code=0; $rtsetup apply --format json 2> /dev/null || code=$?; echo "exit $code"
            [ "$before" = "$(dumps)" ]
            """)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        #expect(
            run.errors.contains(
                "error: cannot add route 10.8.0.0/16 via 10.0.0.254 table 1001 scope host: "
                    + "Invalid argument (errno 22)"))
        #expect(run.errors.contains("a.plist:9:24\n"))
        #expect(run.errors.contains("\n  wanted by "))
        #expect(
            run.errors.hasSuffix(" earlier changes were undone; the kernel is as it was\n"))
        #expect(run.output.hasPrefix("exit 1\n"))
        #expect(run.output.hasSuffix("}\nexit 1\n"))
        #expect(run.output.contains(#""result":"undone","durationMicroseconds":{"read":"#))
        #expect(run.output.contains(#","errno":"EINVAL","message":"cannot add route 10.8"#))
    }

    @Test("who may not change the network gets 77, and may plan")
    func privilege() throws {
        let run = try run(
            """
            chmod 755 $dir
            drop="setpriv --reuid 65534 --regid 65534 --clear-groups"
            if $drop $rtsetup --version > /dev/null 2>&1; then
                $drop $rtsetup plan | tail -n 1
                for command in apply teardown; do
                    code=0; $drop $rtsetup $command || code=$?; echo "exit $code"
                done
            else
                # The build lies where nobody else may look.
                setpriv --bounding-set -all $rtsetup plan | tail -n 1
                for command in apply teardown; do
                    code=0; setpriv --bounding-set -all $rtsetup $command || code=$?
                    echo "exit $code"
                done
            fi
            """)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        #expect(run.output.hasPrefix("Plan: "))
        #expect(run.output.hasSuffix("\nexit 77\nexit 77\n"))
    }

    @Test("a file that others may write is read by plan with a warning, and refused by apply")
    func trust() throws {
        let run = try run(
            """
            chmod 666 $dir/a.plist
            $rtsetup plan --quiet
            $rtsetup plan > /dev/null
            code=0; $rtsetup apply || code=$?; echo "exit $code"
            """)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        #expect(run.output == "exit 77\n")
        #expect(run.errors.contains("warning: "))
    }

    @Test("a lock that somebody holds is 75, a state folder that is none is 74")
    func lockAndState() throws {
        let run = try run(
            """
            $rtsetup apply --quiet
            lock=$(echo $dir/run/*/lock)
            code=0; flock $lock $rtsetup apply --lock-timeout 0 || code=$?; echo "exit $code"
            rm -r $dir/run; : > $dir/run
            code=0; $rtsetup teardown --format json || code=$?; echo "exit $code"
            """)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        #expect(run.output.hasPrefix("exit 75\n"))
        #expect(run.output.contains(#"{"version":1,"error":{"exit":74,"diagnostics":["#))
        #expect(run.output.hasSuffix("exit 74\n"))
    }

    @Test("what stands in the way is 69 with its cure, and a conflict in status")
    func conflict() throws {
        let run = try run(
            """
            ip link set dev eth1 group 7
            for command in apply plan "plan --format json" "plan --format shell" "apply --dry-run"
            do
                code=0; $rtsetup $command || code=$?; echo "exit $code"
            done
            $rtsetup status
            $rtsetup status --detailed-exitcode > /dev/null || echo "exit $?"
            """)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        #expect(
            run.output.hasPrefix(
                "exit 69\nexit 69\n" + #"{"version":1,"error":{"exit":69,"diagnostics":["#))
        #expect(run.output.contains("]}}\nexit 69\nexit 69\nexit 69\n"))
        #expect(run.output.contains("eth1  00:16:3e:12:e7:01  table 1001  in conflict\n"))
        #expect(run.output.hasSuffix("exit 2\n"))
        #expect(run.errors.contains("eth1 is in group 7 already"))
    }

    @Test("JSON of plan and status is one object of the specified keys")
    func json() throws {
        let run = try run(
            """
            $rtsetup plan --format json > $dir/plan.json
            $rtsetup apply --format json > $dir/apply.json
            $rtsetup status --format json > $dir/status.json
            python3 - $dir <<'END'
            import json, sys
            plan, apply, status = [json.load(open(f"{sys.argv[1]}/{n}.json")) for n in ("plan", "apply", "status")]
            assert list(plan) == ["version", "changes", "summary", "warnings"], list(plan)
            actions = [c["action"] for c in plan["changes"]]
            assert plan["summary"] == {k: actions.count(k) for k in ("add", "change", "remove")}
            for change in plan["changes"]:
                expected = ["action", "kind", "interface", "text", "object", "previous", "location"]
                assert (change["previous"] is not None) == (change["action"] == "change"), change
                assert [k for k in change if k != "note"] == expected, change
                assert change["interface"] in ("eth0", "eth1", None)
            assert apply["changes"] == plan["changes"] and apply["result"] == "applied"
            assert list(apply["durationMicroseconds"]) == ["read", "observe", "plan", "perform", "verify"]
            assert list(status) == ["version", "interfaces", "host", "hold", "warnings"]
            eth1 = status["interfaces"][1]
            assert list(eth1) == ["name", "mac", "ifindex", "present", "table", "converged", "owned", "foreign", "differences"]
            assert eth1["name"] == "eth1" and eth1["mac"] == "00:16:3e:12:e7:01" and eth1["converged"]
            assert eth1["table"] == 1001 and eth1["differences"] == [] and status["hold"] is None
            END
            """)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
    }

    @Test("color is for terminals, or on demand")
    func color() throws {
        let run = try run(
            """
            $rtsetup plan > $dir/file
            $rtsetup plan --color always > $dir/always
            script -qec "$rtsetup plan" /dev/null > $dir/terminal
            NO_COLOR=1 script -qec "$rtsetup plan" /dev/null > $dir/nocolor
            script -qec "$rtsetup plan --color never" /dev/null > $dir/never
            for i in file always terminal nocolor never; do
                echo $i $(grep -c "$(printf '\\033')" $dir/$i)
            done
            """)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        let counts = Dictionary(
            run.output.split(separator: "\n").map { $0.split(separator: " ") }
                .compactMap { $0.count == 2 ? ($0[0], $0[1]) : nil }, uniquingKeysWith: { $1 })
        #expect(counts["file"] == "0")
        #expect(counts["nocolor"] == "0")
        #expect(counts["never"] == "0")
        #expect(counts["terminal"] == counts["always"])
        #expect(counts["always"] != "0")
    }
}
