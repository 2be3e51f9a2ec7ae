# The packets of one VM, at the speed of the kernel: frames are built beforehand and handed over a thousand at a time.
# Each line of standard input is a command, and is answered by one line. Ends when its input ends.
#
#   listen PORT                           a UDP socket that nobody reads, and a TCP server that reads and forgets
#   answer ADDRESS PORT                   one datagram from that UDP socket: what was one-way becomes established
#   received                              frames that have come in on eth0
#   frames SRC_MAC DST_MAC SRC DST PORT   builds one UDP frame for each source port from 1024 on
#   flow COUNT                            sends the frame of source port 1024 that many times: seconds it took
#   first COUNT                           sends one frame of each of the next source ports: seconds it took
#   connect ADDRESS PORT COUNT            TCP connections, one after the other, each reset once made: seconds it took
#   stream ADDRESS PORT COUNT             one TCP connection and as many MiB in it, until all are read: seconds it took
#
# Numbers and layouts: packet(7), socket(7), sendmmsg(2); struct mmsghdr as 64-bit kernels have it.
use strict;
use warnings;
use POSIX ();
use Socket;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my ($batch_size, $first_port, $port_count) = (1000, 1024, 64_000);
my $machine = (POSIX::uname())[4];
my $sendmmsg = { x86_64 => 307, aarch64 => 269 }->{$machine} or die "no number of sendmmsg is known for $machine\n";

my ($udp, $packets);
my $next_frame = 1;
# What the kernel is pointed to: made once, never moved.
my ($frames, $flow_frame, @pointed);
my ($all_messages, $flow_messages);

sub address_of { return unpack 'J', pack 'P', $_[0] }

sub seconds_of {
  my ($work) = @_;
  my $start = clock_gettime(CLOCK_MONOTONIC);
  $work->();
  return clock_gettime(CLOCK_MONOTONIC) - $start;
}

sub checksum {
  my $sum = 0;
  $sum += $_ for unpack 'n*', $_[0];
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  return ~$sum & 0xffff;
}

# A UDP datagram without a checksum (RFC 768), in the smallest frame there is.
sub frame_of {
  my ($src_mac, $dst_mac, $src, $dst, $src_port, $port) = @_;
  my $data = "\0" x 18;
  my $length = 8 + length $data;
  my $ip = pack 'C C n n n C C n a4 a4', 0x45, 0, 20 + $length, 0, 0x4000, 64, 17, 0, inet_aton($src), inet_aton($dst);
  substr $ip, 10, 2, pack 'n', checksum($ip);
  my $ethernet = pack 'H12 H12 n', $dst_mac =~ s/://gr, $src_mac =~ s/://gr, 0x0800;
  return $ethernet . $ip . pack('n n n n', $src_port, $port, $length, 0) . $data;
}

# Messages for sendmmsg: `size` bytes each, `step` bytes from one to the next.
sub messages_of {
  my ($base, $size, $step, $count) = @_;
  my $iovecs = join '', map { pack 'J J', $base + $_ * $step, $size } 0 .. $count - 1;
  push @pointed, \$iovecs;
  my $at = address_of($iovecs);
  return join '', map { pack 'J L x4 J J J J l x4 L x4', 0, 0, $at + 16 * $_, 1, 0, 0, 0, 0 } 0 .. $count - 1;
}

sub send_messages {
  my ($at, $count) = @_;
  while ($count > 0) {
    my $sent = syscall $sendmmsg, fileno $packets, $at, $count < $batch_size ? $count : $batch_size, 0;
    die "sendmmsg: $!\n" if $sent <= 0;
    $at += 64 * $sent;
    $count -= $sent;
  }
}

sub read_number {
  open my $file, '<', "/sys/class/net/eth0/$_[0]" or die "eth0: $!\n";
  return <$file> + 0;
}

my %commands = (
  listen => sub {
    my $here = pack_sockaddr_in($_[0], INADDR_ANY);
    socket $udp, AF_INET, SOCK_DGRAM, 0 or die "socket: $!\n";
    socket my $tcp, AF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
    for ($udp, $tcp) { bind $_, $here or die "bind: $!\n" }
    listen $tcp, 4096 or die "listen: $!\n";
    my $parent = $$;
    if (fork == 0) {
      open STDIN, '<', '/dev/null';
      while (getppid == $parent) {
        accept my $peer, $tcp or next;
        1 while sysread $peer, my $data, 1 << 20;
        close $peer;
      }
      exit;
    }
    return 'listening';
  },
  answer => sub {
    my ($address, $port) = @_;
    send $udp, 'x', 0, pack_sockaddr_in($port, inet_aton($address)) or die "send: $!\n";
    return 'answered';
  },
  received => sub { return read_number('statistics/rx_packets') },
  frames => sub {
    my ($src_mac, $dst_mac, $src, $dst, $port) = @_;
    # AF_PACKET, SOCK_RAW; protocol 0: it only sends.
    socket $packets, 17, 3, 0 or die "socket: $!\n";
    bind $packets, pack 'S n i S C C a8', 17, 0, read_number('ifindex'), 0, 0, 0, '' or die "bind: $!\n";
    my @frames = map { frame_of($src_mac, $dst_mac, $src, $dst, $first_port + $_, $port) } 0 .. $port_count - 1;
    my $size = length $frames[0];
    $flow_frame = $frames[0];
    $frames = join '', @frames;
    $all_messages = messages_of(address_of($frames), $size, $size, $port_count);
    $flow_messages = messages_of(address_of($flow_frame), $size, 0, $batch_size);
    return 'built';
  },
  flow => sub {
    my ($count) = @_;
    my $at = address_of($flow_messages);
    return seconds_of(sub {
      for (my $left = $count; $left > 0; $left -= $batch_size) {
        send_messages($at, $left < $batch_size ? $left : $batch_size);
      }
    });
  },
  first => sub {
    my ($count) = @_;
    $next_frame = 1 if $next_frame + $count > $port_count;
    my $at = address_of($all_messages) + 64 * $next_frame;
    $next_frame += $count;
    return seconds_of(sub { send_messages($at, $count) });
  },
  connect => sub {
    my ($address, $port, $count) = @_;
    my $to = pack_sockaddr_in($port, inet_aton($address));
    return seconds_of(sub {
      for (1 .. $count) {
        socket my $tcp, AF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
        setsockopt $tcp, SOL_SOCKET, SO_LINGER, pack 'i i', 1, 0 or die "setsockopt: $!\n";
        connect $tcp, $to or die "connect: $!\n";
        close $tcp;
      }
    });
  },
  stream => sub {
    my ($address, $port, $count) = @_;
    my $data = "\0" x (1 << 20);
    socket my $tcp, AF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
    connect $tcp, pack_sockaddr_in($port, inet_aton($address)) or die "connect: $!\n";
    return seconds_of(sub {
      for (1 .. $count) { syswrite $tcp, $data or die "write: $!\n" }
      shutdown $tcp, 1;
      # The server ends the connection when it has read all.
      sysread $tcp, my $end, 1;
    });
  },
);

$| = 1;
while (my $line = <STDIN>) {
  my ($name, @arguments) = split ' ', $line;
  my $command = $commands{$name} or die "no command $name\n";
  print $command->(@arguments), "\n";
}
