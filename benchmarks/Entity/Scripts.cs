namespace Strata.Entity.Benchmarks;

/// <summary>What wrk does, in Lua.</summary>
internal static class Scripts
{
    public static string Create(IReadOnlyList<string> tokens, string path, string document) => $$$"""
        local requests = {}
        function init(args)
          math.randomseed(os.time())
          for _, token in ipairs({{{{List(tokens)}}}}) do
            requests[#requests + 1] = wrk.format("POST", "{{{path}}}", {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json"}, [[{{{document}}}]])
          end
        end
        function request() return requests[math.random(#requests)] end
        """;

    /// <param name="suffix">Behind the id, such as <c>?pointInTime=…</c>.</param>
    public static string Get(string token, IReadOnlyList<string> ids, string suffix) => $$$"""
        local requests = {}
        function init(args)
          math.randomseed(os.time())
          for _, id in ipairs({{{{List(ids)}}}}) do
            requests[#requests + 1] = wrk.format("GET", "/api/entity/" .. id .. "{{{suffix}}}", {["Authorization"] = "Bearer {{{token}}}"})
          end
        end
        function request() return requests[math.random(#requests)] end
        """;

    /// <summary>One entity for each thread, each update under the transaction that the one before was answered with.</summary>
    public static string Update(string token, IReadOnlyList<(string Id, string Transaction)> entities, string document) => $$$"""
        local ids, transactions, n = {{{{List(entities.Select(e => e.Id))}}}}, {{{{List(entities.Select(e => e.Transaction))}}}}, 0
        function setup(thread) n = n + 1; thread:set("number", n) end
        local last
        function request()
          last = last or transactions[number]
          return wrk.format("PUT", "/api/entity/JSON/" .. ids[number] .. "/touch", {["Authorization"] = "Bearer {{{token}}}", ["Content-Type"] = "application/json", ["If-Match"] = last}, [[{{{document}}}]])
        end
        function response(status, headers, body) last = string.match(body, '"transactionId":"([^"]+)"') or last end
        """;

    private static string List(IEnumerable<string> texts) => string.Join(",", texts.Select(t => $"\"{t}\""));
}
