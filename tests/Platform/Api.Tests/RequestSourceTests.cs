using System.Net;
using Microsoft.AspNetCore.Http;
using Strata.Api.Http;

namespace Strata.Api.Tests;

/// <summary>Where requests come from: a trusted proxy is believed, and nobody else.</summary>
public sealed class RequestSourceTests
{
    [Theory]
    [InlineData("203.0.113.9", null, "203.0.113.9")]
    [InlineData("203.0.113.9", "198.51.100.1", "203.0.113.9")]
    [InlineData("127.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("127.0.0.1", "192.0.2.7, 198.51.100.1", "198.51.100.1")]
    [InlineData("127.0.0.1", "198.51.100.1, 10.0.0.5", "198.51.100.1")]
    [InlineData("127.0.0.1", "nonsense, 10.0.0.5", "10.0.0.5")]
    [InlineData("127.0.0.1", null, "127.0.0.1")]
    [InlineData("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1")]
    public void Address_IsTheLastThatNoTrustedProxyHas(string remote, string? forwarded, string expected)
    {
        var source = new RequestSource(new TrustedProxies([IPNetwork.Parse("127.0.0.1/32"), IPNetwork.Parse("10.0.0.0/24")]));
        var http = new DefaultHttpContext();
        http.Connection.RemoteIpAddress = IPAddress.Parse(remote);
        if (forwarded is not null) http.Request.Headers["X-Forwarded-For"] = forwarded;
        Assert.Equal(expected, source.AddressOf(http));
    }
}
