/// A namespace with two NICs on one subnet, a file for them, and folders of its own.
enum Sandbox {
    /// Shell: sets `$rtsetup` with its folders, `$dir`, and a function `dumps`.
    static var setUp: String {
        get throws {
            """
            dir=$(mktemp -d)
            trap 'rm -rf "$dir"' EXIT
            rtsetup="\(try Subprocess.rtsetup) --config $dir/a.plist --state-dir $dir/run --lib-dir $dir/lib"
            ip link set lo up
            ip link add eth0 address 00:16:3e:12:e7:00 type veth peer name p0
            ip link add eth1 address 00:16:3e:12:e7:01 type veth peer name p1
            for i in eth0 eth1 p0 p1; do
                sysctl -q -w net.ipv6.conf.$i.accept_dad=0 net.ipv6.conf.$i.addr_gen_mode=1
            done
            ip link set eth0 up; ip link set p0 up; ip link set p1 up
            ip address add 10.0.0.19/24 dev eth0
            ip route add default via 10.0.0.253 dev eth0
            umask 022
            cat > $dir/a.plist <<'END'
            \(file)
            END
            dumps() {
                for family in -4 -6; do
                    ip $family -o address show | sort
                    ip $family route show table all | sort | grep -v ' p[01]'
                    ip $family rule show
                done
                # A veth that was up keeps its qdisc.
                ip -o link show | grep -v ' p[01]' | sed 's/qdisc [a-z]*//'
                sysctl -a 2>/dev/null | grep -E 'conf\\.(all|eth.)\\.(rp_filter|arp_|promote)'
            }

            """
        }
    }

    static let file = """
        {
            Version = 1;
            Interfaces = (
                { Name = eth0; Primary = YES; Addressing = external; },
                {
                    MACAddress = "00:16:3e:12:e7:01";
                    Addresses = ( "10.0.0.20/24", "10.0.0.30/24", "2001:db8::20/64", "2001:db8::21/64" );
                    Gateway = ( "10.0.0.253", "2001:db8::ff" );
                    Routes = ( { Destination = "10.8.0.0/16"; Gateway = "10.0.0.254"; } );
                    MTU = 1450;
                    ReversePathFilter = loose;
                }
            );
        }
        """
}
