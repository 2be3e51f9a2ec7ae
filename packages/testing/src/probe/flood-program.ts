/** What follows the marker in the payload of each probe: sender, lane, round, and the complements of round and port. */
export const floodMarker = 'pcfl';
/** An EtherType for local experiments (IEEE 802): no rule for IP sees such a frame. */
const sentinelType = 0x88b5;
/** Source ports, or ICMP identifiers, of lanes that vary them: this one and as many more as `variedPorts`. */
const firstVariedPort = 20_000;
const variedPorts = 40_000;

/**
 * Runs in a VM. Sends every lane once in each round, then a sentinel to each peer; notes what comes in from others.
 *
 * Input     me INDEX MAC              who it is
 *           pace SECONDS              begins; seconds from one round to the next
 *           lane PEER MAC LANE AT HEX a frame for a peer; AT is the offset of a port that differs in each round, or 0
 *           drop PEER LANE
 * Output    R ROUND FROM TO COUNT     a round was sent between two times; so many `lane` and `drop` were obeyed before
 *           S SENDER ROUND TIME HEX   the sentinel of a sender's round has come; a bit for each lane that came before it
 *           L SENDER LANE ROUND TIME  a frame has come after its sentinel
 *           D COUNT                   frames that came in and found no room in the socket
 *
 * A round is made so that the checksums of the first one hold for all. Times are seconds of CLOCK_MONOTONIC. 17 is AF_PACKET, 3
 * SOCK_RAW and ETH_P_ALL, 33 SO_RCVBUFFORCE, 263 SOL_PACKET, 23 PACKET_IGNORE_OUTGOING, 6 PACKET_STATISTICS, 64 MSG_DONTWAIT.
 */
export const floodProgram = String.raw`
use strict; use Socket; use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
open(my $f, '<', '/sys/class/net/eth0/ifindex') or die "eth0: $!"; my $index = <$f> + 0;
socket(my $s, 17, 3, unpack('S', pack('n', 3))) or die "socket: $!";
setsockopt($s, SOL_SOCKET, 33, pack('i', 33554432));
setsockopt($s, 263, 23, pack('i', 1));
my $address = pack('S n i S C C a8', 17, 3, $index, 0, 0, 0, '');
bind($s, $address) or die "bind: $!";
my ($me, $mac, $pace, $next, $round, $obeyed, $in, $out) = (0, '', 0, 0, 0, 0, '', "ready\n");
my (%lanes, %macs, @got, @closed);
sub now { return clock_gettime(CLOCK_MONOTONIC) }
sub obey {
  my ($verb, @words) = @_;
  if ($verb eq 'me') { ($me, $mac) = ($words[0], pack('H*', $words[1])) }
  elsif ($verb eq 'pace') { $pace = $words[0]; $next = now() }
  elsif ($verb eq 'lane') {
    my ($peer, $to, $lane, $at, $hex) = @words;
    $macs{$peer} = pack('H*', $to);
    $lanes{$peer}{$lane} = [pack('H*', $hex), $at];
    $obeyed += 1;
  } elsif ($verb eq 'drop') {
    delete $lanes{$words[0]}{$words[1]};
    delete $lanes{$words[0]} unless %{$lanes{$words[0]}};
    $obeyed += 1;
  }
}
sub send_round {
  my $from = now();
  my $number = pack('N N', $round, $round ^ 0xffffffff);
  for my $peer (keys %lanes) {
    while (my ($lane, $made) = each %{$lanes{$peer}}) {
      my ($frame, $at) = @$made;
      substr($frame, -10, 8) = $number;
      if ($at) {
        my $port = ${firstVariedPort} + ($round + $lane * 61) % ${variedPorts};
        substr($frame, $at, 2) = pack('n', $port);
        substr($frame, -2, 2) = pack('n', $port ^ 0xffff);
      }
      send($s, $frame, 0, $address);
    }
  }
  my $sentinel = $mac . pack('n a4 n N x36', ${sentinelType}, '${floodMarker}', $me, $round);
  send($s, $macs{$_} . $sentinel, 0, $address) for keys %lanes;
  $out .= sprintf("R %d %.6f %.6f %d\n", $round, $from, now(), $obeyed);
  $round += 1;
  my $lost = unpack('x4 I', getsockopt($s, 263, 6) // pack('I I', 0, 0));
  $out .= "D $lost\n" if $lost;
}
sub take {
  my ($frame) = @_;
  return unless substr($frame, 0, 6) eq $mac;
  if (unpack('x12 n', $frame) == ${sentinelType}) {
    my ($marker, $sender, $number) = unpack('x14 a4 n N', $frame);
    return unless $marker eq '${floodMarker}';
    $out .= sprintf("S %d %d %.6f %s\n", $sender, $number, now(), unpack('H*', delete $got[$sender]{$number} // ''));
    $closed[$sender] = $number;
    return;
  }
  my ($marker, $sender, $lane, $number) = unpack('a4 n n N', substr($frame, -18));
  return unless $marker eq '${floodMarker}';
  if (defined $closed[$sender] && $number <= $closed[$sender]) {
    $out .= sprintf("L %d %d %d %.6f\n", $sender, $lane, $number, now());
  } else {
    $got[$sender]{$number} //= '';
    vec($got[$sender]{$number}, $lane, 1) = 1;
  }
}
while (1) {
  if ($out ne '') { syswrite(STDOUT, $out); $out = '' }
  my $ready = ''; vec($ready, 0, 1) = 1; vec($ready, fileno($s), 1) = 1;
  my $wait = $pace ? $next - now() : undef;
  next if select($ready, undef, undef, defined $wait && $wait < 0 ? 0 : $wait) < 0;
  if (vec($ready, fileno($s), 1)) {
    for (1 .. 500) { defined recv($s, my $frame, 2048, 64) or last; take($frame) }
  }
  if (vec($ready, 0, 1)) {
    sysread(STDIN, $in, 65536, length $in) or exit 0;
    while ($in =~ s/^([^\n]*)\n//) { obey(split ' ', $1) }
  }
  if ($pace && now() >= $next) {
    send_round();
    $next += $pace;
    $next = now() + $pace if $next < now();
  }
}
`;
