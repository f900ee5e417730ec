using System.Net;
using Strata.Edge;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>The settings of an edge on this machine, in whichever process it runs.</summary>
public static class EdgeSettings
{
    /// <param name="tokenFile">Null: <paramref name="token"/> is used as it is.</param>
    public static EdgeOptions Of(ServerOptions options, string? tokenFile, string? token, bool inline) => new()
    {
        Http = [new IPEndPoint(options.Listen, options.HttpPort)],
        Https = options.HttpsPort == 0 ? [] : [new IPEndPoint(options.Listen, options.HttpsPort)],
        HttpsPublicPort = options.HttpsPublicPort,
        TrustedProxies = options.EdgeTrustedProxies,
        DataFolder = options.Home.Edge,
        ApiUrl = options.ApiUrl,
        ApiToken = token,
        ApiTokenFile = tokenFile,
        Inline = inline,
        StopGrace = options.Limits.EdgeStopGrace,
    };
}
