using System.Net;

namespace Strata.Core.Tests;

/// <summary>The decision alone: nothing is sent to any of these.</summary>
public sealed class PublicAddressTests
{
    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.0.1.0")]
    [InlineData("192.88.98.255")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001::1")]
    [InlineData("2001:200::1")]
    [InlineData("::ffff:1.1.1.1")]
    public void Is_OfTheInternet_Yes(string address) => Assert.True(PublicAddress.Is(IPAddress.Parse(address)));

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.1")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]          // compatible, deprecated
    [InlineData("::ffff:127.0.0.1")]     // mapped
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]      // NAT64
    [InlineData("64:ff9b::808:808")]
    [InlineData("64:ff9b:1::1")]         // NAT64 of a local network
    [InlineData("100::1")]               // discard
    [InlineData("2001::1")]              // Teredo
    [InlineData("2001:2::1")]            // benchmarks
    [InlineData("2001:10::1")]           // ORCHID
    [InlineData("2001:20::1")]
    [InlineData("2001:db8::1")]          // documentation
    [InlineData("2002:7f00:1::")]        // 6to4
    [InlineData("2002:808:808::")]
    [InlineData("3fff::1")]              // documentation
    [InlineData("5f00::1")]              // segment routing
    [InlineData("fc00::1")]              // unique local
    [InlineData("fd12:3456::1")]
    [InlineData("fe80::1")]              // link-local
    [InlineData("fe80::1%1")]
    [InlineData("fec0::1")]              // site-local, deprecated
    [InlineData("ff02::1")]              // multicast
    public void Is_OfAReservedRange_No(string address) => Assert.False(PublicAddress.Is(IPAddress.Parse(address)));
}
