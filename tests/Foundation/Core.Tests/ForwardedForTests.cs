using System.Net;

namespace Strata.Core.Tests;

/// <summary>A trusted proxy is believed, and no one else.</summary>
public class ForwardedForTests
{
    private static readonly IPNetwork[] Trusted = [IPNetwork.Parse("127.0.0.1/32"), IPNetwork.Parse("10.0.0.0/24")];

    [Theory]
    [InlineData("203.0.113.9", "198.51.100.1", "203.0.113.9")]
    [InlineData("127.0.0.1", "", "127.0.0.1")]
    [InlineData("127.0.0.1", "192.0.2.7, 198.51.100.1", "198.51.100.1")]
    [InlineData("127.0.0.1", "198.51.100.1, 10.0.0.5", "198.51.100.1")]
    [InlineData("127.0.0.1", "10.0.0.7, 10.0.0.5", "10.0.0.7")]
    [InlineData("127.0.0.1", "198.51.100.1, ::ffff:10.0.0.5", "198.51.100.1")]
    [InlineData("::ffff:127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1")]
    [InlineData("127.0.0.1", "198.51.100.1:4711", "198.51.100.1")]
    [InlineData("127.0.0.1", "[2001:db8::1]:4711,10.0.0.5", "2001:db8::1")]
    [InlineData("127.0.0.1", "2001:db8::1", "2001:db8::1")]
    [InlineData("127.0.0.1", "1.1.1.1,10.0.0.1,10.0.0.2,10.0.0.1,10.0.0.2,10.0.0.1,10.0.0.2,10.0.0.1,10.0.0.2,10.0.0.1,10.0.0.2", "10.0.0.1")]
    public void Client_IsTheLastThatNoTrustedProxyHas(string remote, string header, string expected)
    {
        Assert.True(ForwardedFor.TryFind(IPAddress.Parse(remote), [header], Trusted, out var client));
        Assert.Equal(expected, client.ToString());
    }

    [Theory]
    [InlineData("nonsense", "127.0.0.1")]
    [InlineData("198.51.100.1, nonsense, 10.0.0.5", "10.0.0.5")]
    public void Nonsense_IsSaidToBe(string header, string known)
    {
        Assert.False(ForwardedFor.TryFind(IPAddress.Loopback, [header], Trusted, out var client));
        Assert.Equal(known, client.ToString());
    }
}
