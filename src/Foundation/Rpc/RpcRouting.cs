using System.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Rpc.Errors;
using Strata.Rpc.Serving;

namespace Strata.Rpc;

/// <summary>
/// Maps RPC services. A service is declared in a .proto file; its methods override the generated base class, as with any gRPC library, and
/// each is served as gRPC, gRPC-Web and Connect at <c>POST /package.Service/Method</c>.
/// </summary>
public static class RpcRouting
{
    /// <param name="service">An instance of a class that derives from a generated service base; used for all calls.</param>
    /// <returns>For what holds for all of the service's methods, such as who may call them.</returns>
    public static IEndpointConventionBuilder MapRpc(this IEndpointRouteBuilder routes, object service, RpcLimits? limits = null)
    {
        var services = routes.ServiceProvider;
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("Strata.Rpc");
        var time = services.GetService<TimeProvider>() ?? TimeProvider.System;
        var stopping = services.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        var group = routes.MapGroup("");
        foreach (var method in MethodsOf(service, new MethodBinder(limits ?? RpcLimits.Default, time)))
        {
            var endpoint = new RpcEndpoint(method, limits ?? RpcLimits.Default, time, logger, stopping);
            group.MapPost(method.Method.FullName, (RequestDelegate)endpoint.InvokeAsync).WithMetadata(new RpcMethodMetadata(method.Method));
        }
        return group;
    }

    private static List<RpcMethod> MethodsOf(object service, MethodBinder binder)
    {
        var attribute = BasesOf(service.GetType()).Select(t => t.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false))
            .OfType<BindServiceMethodAttribute>().FirstOrDefault()
            ?? throw new ArgumentException($"{service.GetType()} does not derive from a generated service.", nameof(service));
        var bind = attribute.BindType.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.NonPublic)
            .Single(m => m.Name == attribute.BindMethodName && m.GetParameters() is [{ ParameterType: var first }, _]
                && first == typeof(ServiceBinderBase));
        bind.Invoke(null, [binder, service]);
        return binder.Methods;
    }

    private static IEnumerable<Type> BasesOf(Type? type)
    {
        for (; type is not null; type = type.BaseType) yield return type;
    }
}

/// <summary>Metadata on the endpoint of a method: the method, and how to report an error that occurs before its handler.</summary>
public sealed class RpcMethodMetadata(IMethod method)
{
    public IMethod Method => method;

    /// <summary>Writes an error in the client's protocol; false if the client speaks none of them.</summary>
    public ValueTask<bool> TryRefuseAsync(HttpContext http, Error error) =>
        RpcEndpoint.TryRefuseAsync(http, error.ToRpcException(), method.Type);
}
