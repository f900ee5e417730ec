using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Strata.Edge.Pages;

namespace Strata.Edge.Forwarding;

/// <summary>What a failure on the client's side, as Kestrel throws it while a body is read, means.</summary>
internal static class ClientFault
{
    public static bool IsOne(Exception e) => e is BadHttpRequestException or IOException or OperationCanceledException;

    /// <summary>Reports to the client what is wrong with its body; one that is gone gets nothing.</summary>
    public static ValueTask AnswerAsync(Exchange x, Exception e) => e switch
    {
        BadHttpRequestException { StatusCode: 413 } => ErrorPages.WriteAsync(x, EdgeFault.TooLarge),
        BadHttpRequestException { StatusCode: 408 } => ErrorPages.WriteAsync(x, EdgeFault.TooSlow),
        BadHttpRequestException => ErrorPages.WriteAsync(x, EdgeFault.BadRequest),
        ConnectionResetException or ConnectionAbortedException or OperationCanceledException => Leave(x),
        IOException => ErrorPages.WriteAsync(x, EdgeFault.BadRequest), // how Kestrel reports a chunk size beyond its range
        _ => ErrorPages.WriteAsync(x, EdgeFault.Internal),
    };

    /// <summary>The client went away.</summary>
    public static ValueTask Leave(Exchange x)
    {
        x.ClientGone = true;
        x.Abort();
        return default;
    }
}
