using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Strata.Rpc.Protocols;

/// <summary>Which protocol a request speaks, by its content type.</summary>
internal static class Wires
{
    /// <summary>Null: none of them.</summary>
    public static IWire? Of(HttpContext http, RpcLimits limits, MethodType type)
    {
        var content = http.Request.ContentType ?? "";
        // nearly always
        if (content == "application/grpc" && HttpProtocol.IsHttp2(http.Request.Protocol)) return new GrpcWire(http, limits);
        var end = content.IndexOf(';', StringComparison.Ordinal);
        var media = (end < 0 ? content : content[..end]).Trim().ToLowerInvariant();
        return media switch
        {
            "application/grpc" or "application/grpc+proto" or "application/grpc+json" => HttpProtocol.IsHttp2(http.Request.Protocol)
                || HttpProtocol.IsHttp3(http.Request.Protocol) ? new GrpcWire(http, limits) : null,
            "application/grpc-web" or "application/grpc-web+proto" or "application/grpc-web+json" =>
                new GrpcWebWire(http, limits, isText: false),
            "application/grpc-web-text" or "application/grpc-web-text+proto" => new GrpcWebWire(http, limits, isText: true),
            "application/connect+proto" or "application/connect+json" => new ConnectStreamWire(http, limits),
            "application/proto" or "application/json" => type == MethodType.Unary ? new ConnectUnaryWire(http, limits) : null,
            _ => null,
        };
    }
}
